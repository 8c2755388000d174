#pragma once

#include <string>

#include "api/cri/cri.pb.h"
#include "messages/domain/container.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// Which security modules this host has.
struct host_security {
  bool apparmor = false, selinux = false;
};

/// Who the container runs as, and what it may. Answers the path of a seccomp profile that is still to be read into
/// `security_opt` (add_seccomp_profile); empty: there is none. Errors: invalid_argument, naming the field.
result<std::string> read_security(const v1::LinuxContainerSecurityContext& from, const host_security& host,
                                  container_options& into);

void add_seccomp_profile(const std::string& document, container_options& into);

} // namespace gantry::cri
