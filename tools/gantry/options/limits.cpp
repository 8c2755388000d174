#include <algorithm>
#include <array>

#include "tools/gantry/format/units.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

result<json> ulimit_of(std::string_view text) {
  static constexpr std::array names{"core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
                                    "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  auto [name, limits] = cut(text, '=');
  if (std::find(names.begin(), names.end(), name) == names.end())
    return fail(errc::invalid_argument, "--ulimit {}: the limit \"{}\" is not known", text, name);
  auto [soft_text, hard_text] = cut(limits, ':');
  auto soft = parse_integer(soft_text);
  auto hard = limits.find(':') == std::string::npos ? soft : parse_integer(hard_text);
  if (!soft || !hard || *soft < -1 || *hard < -1)
    return fail(errc::invalid_argument, "--ulimit {}: write NAME=SOFT[:HARD], as in nofile=1024:2048; -1 is unlimited",
                text);
  if (*hard != -1 && (*soft > *hard || *soft == -1))
    return fail(errc::invalid_argument, "--ulimit {}: the soft limit is over the hard one", text);
  return json::object({{"Name", name}, {"Hard", *hard}, {"Soft", *soft}});
}

result<json> device_of(std::string_view text) {
  auto parts = split_text(text, ':');
  auto is_mode = [](const std::string& part) {
    return !part.empty() && part.find_first_not_of("rwm") == std::string::npos;
  };
  std::string source = parts[0], target = source, mode = "rwm";
  if (parts.size() == 3 && is_mode(parts[2])) {
    target = parts[1];
    mode = parts[2];
  } else if (parts.size() == 2 && is_mode(parts[1])) {
    mode = parts[1];
  } else if (parts.size() == 2) {
    target = parts[1];
  } else if (parts.size() != 1) {
    return fail(errc::invalid_argument,
                "--device {}: write HOST[:CONTAINER[:PERMISSIONS]] with permissions of r, w and m", text);
  }
  if (!source.starts_with('/') || !target.starts_with('/'))
    return fail(errc::invalid_argument, "--device {}: the paths must be absolute", text);
  return json::object({{"PathOnHost", source}, {"PathInContainer", target}, {"CgroupPermissions", mode}});
}

result<json> restart_of(std::string_view text) {
  auto [name, retries_text] = cut(text, ':');
  std::int64_t retries = 0;
  if (name != "no" && name != "always" && name != "unless-stopped" && name != "on-failure")
    return fail(errc::invalid_argument,
                "--restart {}: the policy is none of no, always, unless-stopped, on-failure[:N]", text);
  if (text.find(':') != std::string_view::npos) {
    auto parsed = parse_integer(retries_text);
    if (name != "on-failure" || !parsed || *parsed < 0 || *parsed > 1'000'000'000)
      return fail(errc::invalid_argument, "--restart {}: only on-failure takes a number of retries", text);
    retries = *parsed;
  }
  return json::object({{"Name", name}, {"MaximumRetryCount", retries}});
}

result<std::string> security_of(std::string_view text, const surroundings& around) {
  auto mark = text.find_first_of("=:");
  auto name = text.substr(0, mark);
  if (text == "no-new-privileges") return std::string(text);
  if (mark == std::string_view::npos)
    return fail(errc::invalid_argument, "--security-opt {}: write NAME=VALUE or no-new-privileges", text);
  auto value = std::string(text.substr(mark + 1));
  if (name != "seccomp" || value == "unconfined" || value == "builtin") return std::string(name) + "=" + value;
  // The daemon may run elsewhere and as another user: the client reads the profile.
  auto profile = around.file(value);
  if (!profile) return fail(errc::invalid_argument, "--security-opt {}: {}", text, profile.error().message);
  auto document = json::parse(*profile, nullptr, false);
  if (document.is_discarded()) return fail(errc::invalid_argument, "--security-opt {}: the profile is not JSON", text);
  return "seccomp=" + to_line(document);
}

} // namespace gantry::cli
