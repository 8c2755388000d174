#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::network {

/// Calls `act` while this thread is in the network namespace behind `space`. Should it not come back, the process ends:
/// what it did next would happen to a container.
result<void> visit(int space, const std::function<result<void>()>& act);

/// One request of rtnetlink(7) as it is being written: a header of its type, then attributes, which may be nested.
class netlink_request {
public:
  /// `flags` beside NLM_F_REQUEST and NLM_F_ACK; `what` says in an error what was being done.
  template<class Header>
  netlink_request(std::string what, std::uint16_t type, std::uint16_t flags, const Header& header)
      : what_(std::move(what)) {
    begin(type, flags);
    add_header({reinterpret_cast<const char*>(&header), sizeof header});
  }

  void add(std::uint16_t attribute, std::string_view value);
  void add_text(std::uint16_t attribute, const std::string& value) {
    add(attribute, {value.c_str(), value.size() + 1});
  }
  template<class Number>
  void add_number(std::uint16_t attribute, Number value) {
    add(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  /// Attributes go into this one until `close`.
  void open(std::uint16_t attribute);
  void close();
  /// A header amid the attributes, as VETH_INFO_PEER has one.
  void add_header(std::string_view bytes);

  [[nodiscard]] const std::string& what() const { return what_; }
  /// The whole message with this number.
  [[nodiscard]] std::string numbered(std::uint32_t sequence) const;

private:
  void begin(std::uint16_t type, std::uint16_t flags);

  std::string what_, bytes_;
  std::vector<std::size_t> open_; ///< where the attributes that are not closed begin
};

/// A connection to the kernel's network tables, of the network namespace that its thread was in when it was made.
/// One thread. Its calls wait for the kernel's one lock on all links (RTNL): never on an actor's thread.
class netlink_socket {
public:
  /// Of the calling thread's namespace.
  static result<netlink_socket> here();
  /// Of the network namespace behind `space`: the thread is there for a moment (`visit`).
  static result<netlink_socket> in(int space);

  /// All of them in this order, in one system call. Those after one that failed are tried all the same; the error is
  /// the first one's. At most 16 requests.
  result<void> run(const std::vector<netlink_request>& requests);

  /// The number of a link (netdevice(7), SIOCGIFINDEX). Errors: not_found.
  result<int> index_of(const std::string& link);

private:
  explicit netlink_socket(sys::unique_fd socket) : socket_(std::move(socket)) {}

  sys::unique_fd socket_;
  std::uint32_t sequence_ = 0;
};

} // namespace gantry::network
