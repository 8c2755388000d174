#include "messages/domain/error.hpp"

#include <cerrno>
#include <system_error>

namespace gantry {

std::string_view to_string(errc code) {
  switch (code) {
  case errc::not_found:
    return "not_found";
  case errc::already_exists:
    return "already_exists";
  case errc::invalid_argument:
    return "invalid_argument";
  case errc::failed_precondition:
    return "failed_precondition";
  case errc::exhausted:
    return "exhausted";
  case errc::unavailable:
    return "unavailable";
  case errc::denied:
    return "denied";
  case errc::corrupt:
    return "corrupt";
  case errc::timeout:
    return "timeout";
  case errc::cancelled:
    return "cancelled";
  case errc::internal:
    return "internal";
  }
  return "internal";
}

namespace {

errc code_of(int os_errno) {
  switch (os_errno) {
  case ENOENT:
  case ESRCH:
    return errc::not_found;
  case EEXIST:
    return errc::already_exists;
  case EACCES:
  case EPERM:
    return errc::denied;
  case ENOSPC:
  case EDQUOT:
  case EMFILE:
  case ENFILE:
  case ENOMEM:
    return errc::exhausted;
  case ETIMEDOUT:
    return errc::timeout;
  case ECONNREFUSED:
  case ECONNRESET:
  case EPIPE:
    return errc::unavailable;
  default:
    return errc::internal;
  }
}

} // namespace

tl::unexpected<error> fail_errno_text(int os_errno, std::string what) {
  return tl::unexpected<error>(
      error{code_of(os_errno), std::move(what) + ": " + std::generic_category().message(os_errno), os_errno});
}

} // namespace gantry
