#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Descriptors over Unix sockets (unix(7), SCM_RIGHTS).
namespace gantry::sys {

inline constexpr std::size_t max_passed_descriptors = 64; ///< in one message; the kernel takes 253

/// Sends all of `bytes`, the descriptors with the first of them. Blocks. Errors: the errno's.
result<void> send_with_descriptors(int socket, std::string_view bytes, const std::vector<int>& descriptors);

struct received {
  std::string bytes; ///< empty: the other end closed
  std::vector<unique_fd> descriptors;
};
/// One recvmsg of at most `limit` bytes; descriptors are close-on-exec. `flags` as MSG_DONTWAIT.
result<received> receive_with_descriptors(int socket, std::size_t limit, int flags = 0);

} // namespace gantry::sys
