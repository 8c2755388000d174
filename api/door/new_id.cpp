#include "api/door/new_id.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace gantry::door {

std::string new_id() {
  unsigned char bytes[32];
  ssize_t got = 0;
  do got = ::getrandom(bytes, sizeof bytes, 0);
  while (got < 0 && errno == EINTR);
  if (got != sizeof bytes) std::abort(); // getrandom(2): up to 256 bytes are whole once the kernel's pool is ready
  constexpr char digits[] = "0123456789abcdef";
  std::string id;
  for (auto byte : bytes) {
    id.push_back(digits[byte >> 4U]);
    id.push_back(digits[byte & 0xFU]);
  }
  // An id of digits alone in its short form could be taken for a number or a pid.
  if (id.find_first_not_of("0123456789") >= 12) return new_id();
  return id;
}

} // namespace gantry::door
