#pragma once

#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// What the kernel tells of a network namespace to those who did not make it. One thread of a process, not its first,
/// which stays in the process's own namespace: the thread visits the others.
namespace gantry::monitor {

/// A new one, as a container gets it: lo is up. Errors: the errno's of unshare(2).
result<sys::unique_fd> make_fresh_network();

/// Everything of it that its users leave behind or could have changed, as one text: sockets, counters, devices,
/// addresses, routes, rules, tables of filters, keys. Untouched ones have equal texts on one host; only to be compared.
/// Takes some 100 us. Errors: the errno's of setns(2).
result<std::string> traces_of_network(int network);

/// Whether there may be another open description of the namespace, in any process. Mounts and processes in it do not
/// count. `network` has to be the caller's only one.
bool is_open_elsewhere(int network);

/// Judges namespaces by a fresh one.
class network_judge {
public:
  /// True when nothing tells it from a new one, and nobody else can have it. False also when that cannot be told.
  bool is_untouched(int network);

private:
  result<void> look_at_fresh();

  std::string fresh_; ///< traces of a fresh one; empty: not looked at yet
  std::int64_t looked_ = 0;
};

} // namespace gantry::monitor
