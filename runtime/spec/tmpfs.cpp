#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "runtime/spec/mounts.hpp"

namespace gantry::spec {
namespace {

/// Flags and what they contradict (mount(8)).
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> flags = {{
    {"rw", "ro"},
    {"ro", "rw"},
    {"exec", "noexec"},
    {"noexec", "exec"},
    {"suid", "nosuid"},
    {"nosuid", "suid"},
    {"dev", "nodev"},
    {"nodev", "dev"},
    {"sync", "async"},
    {"async", "sync"},
    {"atime", "noatime"},
    {"noatime", "atime"},
    {"diratime", "nodiratime"},
    {"nodiratime", "diratime"},
    {"relatime", "norelatime"},
    {"norelatime", "relatime"},
    {"strictatime", "nostrictatime"},
    {"nostrictatime", "strictatime"},
    {"dirsync", ""},
    {"private", ""},
    {"rprivate", ""},
    {"slave", ""},
    {"rslave", ""},
    {"defaults", ""},
}};
constexpr std::array<std::string_view, 7> data = {"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"};

result<std::string_view> opposite(std::string_view option) {
  for (const auto& [name, other] : flags)
    if (name == option) return other;
  const auto key = option.substr(0, option.find('='));
  if (key.size() < option.size() && std::find(data.begin(), data.end(), key) != data.end()) return key;
  return fail(errc::invalid_argument,
              "invalid tmpfs option '{}': use size=, mode=, uid=, gid=, nr_inodes=, ro, exec, …", option.substr(0, 64));
}

/// Adds `option`; what it contradicts, or the same key's earlier value, goes.
result<void> merge(std::vector<std::string>& into, std::string_view option) {
  GANTRY_LET(const auto other, opposite(option));
  const bool keyed = option.find('=') != std::string_view::npos;
  std::erase_if(into, [&](const std::string& one) {
    if (keyed) return one.starts_with(other) && one[other.size()] == '=';
    return one == other || one == option;
  });
  if (option != "defaults") into.emplace_back(option);
  return {};
}

} // namespace

result<std::vector<std::string>> tmpfs_options(std::string_view asked, std::int64_t size_bytes) {
  if (size_bytes < 0) return fail(errc::invalid_argument, "tmpfs-size {} is negative", size_bytes);
  if (asked.size() > 4096) return fail(errc::invalid_argument, "tmpfs options are longer than 4096 bytes");
  std::vector<std::string> options = {"noexec", "nosuid", "nodev"};
  while (!asked.empty()) {
    const auto option = asked.substr(0, asked.find(','));
    asked.remove_prefix(std::min(asked.size(), option.size() + 1));
    if (!option.empty()) GANTRY_TRY(merge(options, option));
  }
  if (size_bytes > 0) GANTRY_TRY(merge(options, fmt::format("size={}", size_bytes)));
  return options;
}

} // namespace gantry::spec
