#pragma once

#include "messages/caf.hpp"
#include "messages/container_supervisor.hpp"
#include "messages/domain/container.hpp"

namespace gantry {

/// The first message that a new sandbox gets. A joined network (container:<id>) is resolved at each start.
struct create_sandbox {
  sandbox_record record;
  container_options options;            ///< of its container: which namespaces it joins
  container_supervisor_actor container; ///< the one container of a Docker sandbox
};

/// A sandbox as the engine found it again at its start; `pid` is its container's init, 0 when that does not run.
struct recover_sandbox {
  create_sandbox found;
  std::int32_t pid = 0;
};

/// Makes the namespaces and the network ready and has the container started in them.
struct start_container {
  std::string client;
  key container{}; ///< which one of a pod's; the sandbox of one container needs not be told
};

/// The container has ended and will not be restarted: its network can go. A pod keeps its own.
struct container_stopped {};
/// The restart policy wants it to run again after its back-off. The namespaces are kept for that.
struct restart_container_later {
  std::chrono::milliseconds delay;
};
/// What a sandbox sends itself when the back-off is over.
struct restart_now {
  std::uint64_t generation = 0;
};

/// Its container is gone: detaches the network and forgets the sandbox. A pod forgets that container alone. Idempotent.
struct remove_sandbox {
  key container{};
};

/// Another network (running or not): the id is found already.
struct connect_network {
  endpoint_options how;
};
struct disconnect_network {
  std::string network; ///< "bridge" or an id
};
/// Its container has another name: so it is found by that.
struct container_renamed {
  std::string display_name;
};

struct inspect_sandbox {};

/// sandbox_supervisor: the namespaces, network and parent cgroup that a sandbox's containers share.
using sandbox_supervisor_actor =
    caf::typed_actor<replies_to<create_sandbox>::with<done>,
                     // Answers when what a crash left of its network is detached
                     replies_to<recover_sandbox>::with<done>,
                     // Delegates to the container when its namespaces are ready
                     replies_to<start_container>::with<done>, replies_to<remove_sandbox>::with<done>,
                     replies_to<inspect_sandbox>::with<sandbox_record>,
                     // denied where there is no network of its own; failed_precondition when it is on it, or is not
                     replies_to<connect_network>::with<done>, replies_to<disconnect_network>::with<done>,
                     reacts_to<container_renamed>, reacts_to<container_stopped>, reacts_to<restart_container_later>,
                     reacts_to<restart_now>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::create_sandbox)
GANTRY_MESSAGE(gantry::start_container)
GANTRY_MESSAGE(gantry::container_stopped)
GANTRY_MESSAGE(gantry::restart_container_later)
GANTRY_MESSAGE(gantry::recover_sandbox)
GANTRY_MESSAGE(gantry::restart_now)
GANTRY_MESSAGE(gantry::remove_sandbox)
GANTRY_MESSAGE(gantry::connect_network)
GANTRY_MESSAGE(gantry::disconnect_network)
GANTRY_MESSAGE(gantry::container_renamed)
GANTRY_MESSAGE(gantry::inspect_sandbox)
GANTRY_MESSAGE(gantry::sandbox_record)
