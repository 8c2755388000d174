#include "runtime/native/names.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstring>
#include <vector>

namespace gantry::native {
namespace {

struct numbered {
  std::string_view name;
  std::uint32_t number;
};
constexpr std::array<numbered, 16> rlimits = {{{"RLIMIT_AS", RLIMIT_AS},
                                               {"RLIMIT_CORE", RLIMIT_CORE},
                                               {"RLIMIT_CPU", RLIMIT_CPU},
                                               {"RLIMIT_DATA", RLIMIT_DATA},
                                               {"RLIMIT_FSIZE", RLIMIT_FSIZE},
                                               {"RLIMIT_LOCKS", RLIMIT_LOCKS},
                                               {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
                                               {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
                                               {"RLIMIT_NICE", RLIMIT_NICE},
                                               {"RLIMIT_NOFILE", RLIMIT_NOFILE},
                                               {"RLIMIT_NPROC", RLIMIT_NPROC},
                                               {"RLIMIT_RSS", RLIMIT_RSS},
                                               {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
                                               {"RLIMIT_RTTIME", RLIMIT_RTTIME},
                                               {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
                                               {"RLIMIT_STACK", RLIMIT_STACK}}};

struct namespace_kind {
  std::string_view name;
  const char* file;
  std::uint32_t flag;
};
constexpr std::array<namespace_kind, 8> namespaces = {{{"mount", "mnt", CLONE_NEWNS},
                                                       {"time", "time", CLONE_NEWTIME},
                                                       {"pid", "pid", CLONE_NEWPID},
                                                       {"network", "net", CLONE_NEWNET},
                                                       {"ipc", "ipc", CLONE_NEWIPC},
                                                       {"uts", "uts", CLONE_NEWUTS},
                                                       {"cgroup", "cgroup", CLONE_NEWCGROUP},
                                                       {"user", "user", CLONE_NEWUSER}}};

} // namespace

std::optional<std::uint32_t> rlimit_number(std::string_view name) {
  for (const auto& one : rlimits)
    if (one.name == name) return one.number;
  return std::nullopt;
}

std::string_view rlimit_name(std::uint32_t number) {
  for (const auto& one : rlimits)
    if (one.number == number) return one.name;
  return "RLIMIT_?";
}

std::optional<std::uint32_t> namespace_flag(std::string_view name) {
  for (const auto& one : namespaces)
    if (one.name == name) return one.flag;
  return std::nullopt;
}

const char* namespace_file(std::uint32_t flag) {
  for (const auto& one : namespaces)
    if (one.flag == flag) return one.file;
  return "";
}

std::optional<int> signal_number(std::string_view name) {
  int number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (problem == std::errc{} && end == name.data() + name.size())
    return number >= 0 && number <= SIGRTMAX ? std::optional(number) : std::nullopt;
  std::string upper(name);
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (upper.starts_with("SIG")) upper.erase(0, 3);
  for (number = 1; number < 32; ++number)
    if (const char* known = ::sigabbrev_np(number); known != nullptr && upper == known) return number;
  if (upper == "RTMIN") return SIGRTMIN;
  if (upper == "RTMAX") return SIGRTMAX;
  return std::nullopt;
}

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
  std::string out;
  for (const auto part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

} // namespace gantry::native
