#include "runtime/monitor/passage.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace gantry::monitor {

result<launch> open_passage(child_plan plan, passage& ours) {
  launch with;
  with.plan = std::move(plan);
  with.plan.targets = {0, 1, 2, 3};
  with.descriptors.resize(4);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  ours.socket.reset(ends[0]);
  with.descriptors[3].reset(ends[1]);
  GANTRY_LET(ours.printed, open_scratch());
  GANTRY_LET(with.descriptors[0], open_null());
  GANTRY_LET(with.descriptors[1], open_null());
  with.descriptors[2].reset(::fcntl(ours.printed.get(), F_DUPFD_CLOEXEC, 0));
  return with;
}

} // namespace gantry::monitor
