#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// What the kernel tells of a network namespace to those who did not make it. One thread of a process, not its first,
/// which stays in the process's own namespace: the thread visits the others.
namespace gantry::monitor {

/// A new one, as a container gets it: lo is up. Errors: the errno's of unshare(2).
result<sys::unique_fd> make_fresh_network();

/// Whether there may be another open description of the namespace, in any process. Mounts and processes in it do not
/// count. `network` has to be the caller's only one.
bool is_open_elsewhere(int network);

/// Judges namespaces by a fresh one: everything in them that users leave behind or could have changed.
class network_judge {
public:
  enum class verdict : std::uint8_t {
    untouched, ///< nothing tells it from a new one, and nobody else has it
    in_use,    ///< by sockets. One that was closed may count some 10 ms longer, those of the last judgement too
    changed,   ///< or that cannot be told
  };
  /// Takes some 100 us.
  verdict judge(int network);

private:
  /// Only to be compared: equal for untouched ones on one host.
  struct traces {
    std::string sockets; ///< how many there are
    std::string rest;    ///< counters, devices, addresses, routes, rules, tables of filters, keys
  };
  verdict compare_here();
  result<void> look_at_fresh();

  std::optional<traces> fresh_;
  bool knowable_ = false; ///< whether traces tell everything on this host
  std::int64_t looked_ = 0;
};

} // namespace gantry::monitor
