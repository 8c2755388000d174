#include "runtime/network/rtnetlink.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <optional>

namespace gantry::network {
namespace {

constexpr std::size_t max_requests = 16;
constexpr timeval patience{10, 0}; // an answer is made before send(2) returns: none comes late

void pad(std::string& bytes) { bytes.resize(NLMSG_ALIGN(bytes.size())); }

/// Answers to requests [first, first + count): the first failure, by the requests' order.
struct answers {
  std::uint32_t first;
  std::size_t count, seen = 0;
  std::size_t failed_at;
  int failure = 0;

  answers(std::uint32_t from, std::size_t of) : first(from), count(of), failed_at(of) {}

  void read(std::string_view datagram) {
    auto left = static_cast<unsigned>(datagram.size());
    for (auto* at = reinterpret_cast<const nlmsghdr*>(datagram.data()); NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
      const std::size_t number = at->nlmsg_seq - first;
      if (at->nlmsg_type != NLMSG_ERROR || number >= count) continue;
      nlmsgerr answer;
      std::memcpy(&answer, NLMSG_DATA(at), sizeof answer);
      ++seen;
      if (answer.error != 0 && number < failed_at) {
        failed_at = number;
        failure = -answer.error;
      }
    }
  }
};

} // namespace

// -- requests ---------------------------------------------------------------------------------------------------------

void netlink_request::begin(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  add_header({reinterpret_cast<const char*>(&head), sizeof head});
}

void netlink_request::add_header(std::string_view bytes) {
  bytes_ += bytes;
  pad(bytes_);
}

void netlink_request::add(std::uint16_t attribute, std::string_view value) {
  open(attribute);
  bytes_ += value;
  close();
}

void netlink_request::open(std::uint16_t attribute) {
  open_.push_back(bytes_.size());
  rtattr head{};
  head.rta_type = attribute;
  bytes_.append(reinterpret_cast<const char*>(&head), sizeof head);
}

void netlink_request::close() {
  const auto at = open_.back();
  open_.pop_back();
  const auto length = static_cast<std::uint16_t>(bytes_.size() - at); // without its padding
  std::memcpy(bytes_.data() + at + offsetof(rtattr, rta_len), &length, sizeof length);
  pad(bytes_);
}

std::string netlink_request::numbered(std::uint32_t sequence) const {
  auto bytes = bytes_;
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
  std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
  return bytes;
}

result<void> visit(int space, const std::function<result<void>()>& act) {
  const sys::unique_fd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home) return fail_errno(errno, "open /proc/thread-self/ns/net");
  if (::setns(space, CLONE_NEWNET) != 0) return fail_errno(errno, "enter the network namespace");
  auto acted = act();
  if (::setns(home.get(), CLONE_NEWNET) != 0) std::terminate();
  return acted;
}

// -- the socket -------------------------------------------------------------------------------------------------------

result<netlink_socket> netlink_socket::here() {
  sys::unique_fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail_errno(errno, "netlink socket");
  // Answers without a copy of what was asked: as small as they can be.
  const int on = 1;
  (void)::setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
    return fail_errno(errno, "netlink socket: timeout");
  return netlink_socket(std::move(socket));
}

result<netlink_socket> netlink_socket::in(int space) {
  std::optional<netlink_socket> made;
  GANTRY_TRY(visit(space, [&made]() -> result<void> {
    GANTRY_LET(made, here());
    return {};
  }));
  return std::move(*made);
}

result<void> netlink_socket::run(const std::vector<netlink_request>& requests) {
  if (requests.size() > max_requests) return fail(errc::invalid_argument, "{} requests at once", requests.size());
  answers got(sequence_ + 1, requests.size());
  std::string bytes;
  for (const auto& request : requests) bytes += request.numbered(++sequence_);
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return fail_errno(errno, "netlink request");
  alignas(nlmsghdr) std::array<char, 8192> buffer;
  while (got.seen < got.count) {
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(errno, "netlink answer");
    got.read({buffer.data(), static_cast<std::size_t>(size)});
  }
  if (got.failure != 0) return fail_errno(got.failure, "{}", requests[got.failed_at].what());
  return {};
}

result<int> netlink_socket::index_of(const std::string& link) {
  ifreq request{};
  if (link.size() >= sizeof request.ifr_name)
    return fail(errc::invalid_argument, "link {}: its name is too long", link);
  link.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (::ioctl(socket_.get(), SIOCGIFINDEX, &request) != 0) {
    if (errno == ENODEV) return fail(errc::not_found, "there is no link {}", link);
    return fail_errno(errno, "link {}", link);
  }
  return request.ifr_ifindex;
}

} // namespace gantry::network
