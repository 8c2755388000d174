#pragma once

#include <map>
#include <string>
#include <vector>

#include "messages/domain/container.hpp"
#include "runtime/network/subnet.hpp"

namespace gantry::network {

/// Which host ports the engine has published, and for whom. One owner, one thread.
/// portmap redirects by iptables and holds no socket, so a program of the host may take a port after it was probed: the
/// container's rule then wins for packets from outside. The engine's own ports never collide.
class port_table {
public:
  /// Takes the ports for `owner`, all or none: host_port 0 becomes a free one of the host's ephemeral range
  /// (/proc/sys/net/ipv4/ip_local_port_range), a range of ports the first free one of it. A port is probed with
  /// bind(2), so that one on which a program of the host listens is refused. Microseconds a port: any thread. Errors:
  /// already_exists "Bind for 0.0.0.0:8080 failed: port is already allocated"; invalid_argument for a protocol or
  /// address that cannot be; exhausted when the whole range is taken.
  result<std::vector<port_binding>> reserve(const key& owner, const std::vector<port_binding>& asked);

  /// Takes what a record says without probing: recovery, when the rules are in force already.
  void restore(const key& owner, std::vector<port_binding> ports);

  /// Gives them back; unknown owners are none.
  void release(const key& owner);

  [[nodiscard]] std::size_t size() const;

private:
  [[nodiscard]] bool is_taken(const port_binding& wanted) const;
  result<port_binding> take_free(port_binding wanted);
  result<port_binding> take_of_range(port_binding wanted, const std::vector<ip_address>& addresses);

  std::multimap<std::uint16_t, port_binding> taken_;
  std::map<key, std::vector<port_binding>> owners_;
  std::uint32_t next_ = 0; ///< where the search for a free port goes on
};

} // namespace gantry::network
