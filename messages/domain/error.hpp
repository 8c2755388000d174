#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <tl/expected.hpp>

namespace gantry {

/// What kind of failure an error is. Few and stable: each door maps them to its protocol in one place.
enum class errc : std::uint8_t {
  not_found = 1,       ///< the named thing does not exist
  already_exists,      ///< the name or id is taken
  invalid_argument,    ///< the request can never succeed as written
  failed_precondition, ///< not in the state that the request needs
  exhausted,           ///< a bound was met: ask again later
  unavailable,         ///< a peer (registry, runtime, monitor) cannot be reached or answered with its own failure
  denied,              ///< authentication or policy says no
  corrupt,             ///< content does not match its digest, size or schema
  timeout,             ///< a deadline passed
  cancelled,           ///< whoever asked no longer waits
  internal,            ///< a failure of ours or of the host
};

/// The name of a code as it appears in logs and JSON, e.g. "not_found".
std::string_view to_string(errc code);

/// A failure: its kind, a sentence for the person who must act, and the errno behind it (0 when there is none).
struct error {
  errc code = errc::internal;
  std::string message;
  int os_errno = 0;

  friend bool operator==(const error&, const error&) = default;
};

/// A value or the reason why there is none.
template<class T>
using result = tl::expected<T, error>;

/// An error with a formatted message, ready to be returned from a function of type result<T>.
template<class... Args>
[[nodiscard]] tl::unexpected<error> fail(errc code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<error>(error{code, fmt::format(format, std::forward<Args>(args)...), 0});
}

/// As `fail`, for a system call that set errno: appends its description. The code follows from the errno
/// (ENOENT: not_found, EEXIST: already_exists, ENOSPC, EDQUOT, EMFILE: exhausted, EACCES, EPERM: denied, …).
[[nodiscard]] tl::unexpected<error> fail_errno_text(int os_errno, std::string what);

template<class... Args>
[[nodiscard]] tl::unexpected<error> fail_errno(int os_errno, fmt::format_string<Args...> format, Args&&... args) {
  return fail_errno_text(os_errno, fmt::format(format, std::forward<Args>(args)...));
}

/// Says what was being done, and to what, when `cause` happened: "<doing>: <cause>". Code and errno stay.
template<class... Args>
[[nodiscard]] tl::unexpected<error> within(error cause, fmt::format_string<Args...> format, Args&&... args) {
  cause.message = fmt::format(format, std::forward<Args>(args)...) + ": " + cause.message;
  return tl::unexpected<error>(std::move(cause));
}

} // namespace gantry

/// Returns the error of a result<void> or result<T> expression from the enclosing function, if there is one.
#define GANTRY_TRY(expression)                                                                                         \
  do {                                                                                                                 \
    if (auto gantry_try_ = (expression); !gantry_try_)                                                                 \
      return tl::unexpected<::gantry::error>(std::move(gantry_try_.error()));                                          \
  } while (false)

#define GANTRY_CONCAT_(a, b) a##b
#define GANTRY_CONCAT(a, b) GANTRY_CONCAT_(a, b)

/// `GANTRY_LET(auto name, expression);` declares `name` with the value of a result<T>, or returns its error.
#define GANTRY_LET(declaration, expression)                                                                            \
  auto GANTRY_CONCAT(gantry_let_, __LINE__) = (expression);                                                            \
  if (!GANTRY_CONCAT(gantry_let_, __LINE__))                                                                           \
    return tl::unexpected<::gantry::error>(std::move(GANTRY_CONCAT(gantry_let_, __LINE__).error()));                   \
  declaration = std::move(*GANTRY_CONCAT(gantry_let_, __LINE__))
