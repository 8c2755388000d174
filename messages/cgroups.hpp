#pragma once

#include "messages/caf.hpp"
#include "messages/domain/container.hpp"

namespace gantry {

/// Makes a cgroup (linux.cgroupsPath) that will hold others, with these limits; those it has already are changed. A
/// controller that the host lacks is passed over.
struct make_cgroup {
  std::string path;
  resource_limits limits;
};
/// Changes the limits of a container's cgroup: what linux.resources (OCI runtime-spec) names, devices excepted.
struct update_cgroup {
  std::string path;
  std::string resources_json;
};
/// With all below it. Processes that are being reaped are waited for, within bounds. Idempotent.
struct remove_cgroup {
  std::string path;
};

/// cgroups: the ones that hold containers' own. The kernel may take its time for each.
using cgroups_actor = caf::typed_actor<replies_to<make_cgroup>::with<done>,
                                       // not_found when there is none; the kernel's refusal, naming file and value
                                       replies_to<update_cgroup>::with<done>,
                                       // failed_precondition when processes in it do not end
                                       replies_to<remove_cgroup>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::make_cgroup)
GANTRY_MESSAGE(gantry::update_cgroup)
GANTRY_MESSAGE(gantry::remove_cgroup)
