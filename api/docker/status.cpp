#include "api/docker/status.hpp"

#include <cerrno>

namespace gantry::docker {

int status_of(const error& why) {
  switch (why.code) {
  case errc::not_found:
    return 404;
  case errc::already_exists:
    return 409;
  case errc::invalid_argument:
    return 400;
  case errc::failed_precondition:
    return why.os_errno == EALREADY ? 304 : 409;
  case errc::exhausted:
    return 429;
  case errc::denied:
    return 403;
  case errc::timeout:
    return 504;
  case errc::cancelled:
    return 499;
  case errc::unavailable:
  case errc::corrupt:
  case errc::internal:
    break;
  }
  return 500;
}

response error_response(const error& why) {
  auto status = status_of(why);
  if (status == 304) return empty_response(304);
  auto made = message_response(status, why.message);
  if (status == 429) made.headers.emplace_back("Retry-After", "1");
  return made;
}

error upload_error(error why) {
  if (why.code == errc::corrupt) why.code = errc::invalid_argument;
  if (why.code == errc::exhausted && why.os_errno != 0) why.code = errc::internal;
  return why;
}

error start_error(error why) {
  if (why.code != errc::unavailable && why.code != errc::internal && why.code != errc::denied &&
      why.code != errc::not_found)
    return why;
  // github.com/moby/moby daemon/errors.go, setExitCodeFromError
  for (std::string_view words : {"executable file not found", "no such file or directory", "permission denied",
                                 "not a directory", "is a directory", "exec format error"})
    if (why.message.find(words) != std::string::npos) {
      why.code = errc::invalid_argument;
      break;
    }
  return why;
}

} // namespace gantry::docker
