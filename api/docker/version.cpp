#include "api/docker/version.hpp"

#include <charconv>

namespace gantry::docker {
namespace {

/// Takes a number of at most 4 digits off the front.
bool take_number(std::string_view& text, int& value) {
  auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  if (digits.empty() || digits.size() > 4) return false;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  text.remove_prefix(digits.size());
  return true;
}

} // namespace

result<versioned_path> split_version(std::string_view path) {
  versioned_path split{api_minor_default, std::string(path)};
  auto rest = path;
  int major = 0, minor = 0;
  if (!rest.starts_with("/v")) return split;
  rest.remove_prefix(2);
  if (!take_number(rest, major) || !rest.starts_with('.')) return split;
  rest.remove_prefix(1);
  if (!take_number(rest, minor) || !rest.starts_with('/')) return split;
  if (major < 1 || (major == 1 && minor < api_minor_min))
    return fail(
        errc::invalid_argument,
        "client version {}.{} is too old. Minimum supported API version is 1.{}, please upgrade your client to a "
        "newer version",
        major, minor, api_minor_min);
  if (major > 1 || minor > api_minor_max)
    return fail(errc::invalid_argument, "client version {}.{} is too new. Maximum supported API version is 1.{}", major,
                minor, api_minor_max);
  return versioned_path{minor, std::string(rest)};
}

} // namespace gantry::docker
