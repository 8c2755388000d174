#include "store/volume/volumes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "runtime/sys/files.hpp"
#include "store/snapshot/snapshots.hpp"

namespace gantry::store {
namespace {

std::string mark_of(const layout& paths, std::string_view name) { return paths.volume_path(name) + "/removed"; }
std::string copy_of(const layout& paths, std::string_view name) { return paths.volume_path(name) + "/copying"; }

/// A mkdir with exactly `mode`, whatever the umask; one that is there keeps its own.
result<void> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) return errno == EEXIST ? result<void>() : fail_errno(errno, "mkdir {}", path);
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "chmod {}", path);
  return {};
}

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

result<bool> is_empty(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir) return fail_errno(errno, "open {}", path);
  while (auto* entry = ::readdir(dir.get()))
    if (std::string_view name = entry->d_name; name != "." && name != "..") return false;
  return true;
}

/// The path of a folder in the volume; empty when there is none.
std::string folder_at(const std::string& data, const std::string& part) {
  const auto found = sys::open_part(data, part);
  if (!found) return {};
  std::error_code failed;
  const auto path = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", found->get()), failed);
  return std::filesystem::is_directory(path, failed) ? path.string() : std::string();
}

} // namespace

result<void> check_volume_name(std::string_view name) {
  bool good = name.size() >= 2 && name.size() <= 255 && is_alphanumeric(name[0]) &&
              std::all_of(name.begin(), name.end(),
                          [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
  if (good) return {};
  return fail(errc::invalid_argument,
              "\"{}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are "
              "allowed, 2 to 255 of them. If you intended to pass a host directory, use absolute path",
              name.substr(0, 256));
}

std::string anonymous_volume_name() {
  std::array<unsigned char, 32> bytes{};
  [[maybe_unused]] auto got = ::getrandom(bytes.data(), bytes.size(), 0); // up to 256 bytes are never cut short
  std::string name;
  for (auto byte : bytes) name += fmt::format("{:02x}", byte);
  return name;
}

result<std::string> create_volume_folder(const layout& paths, std::string_view name) {
  GANTRY_TRY(check_volume_name(name));
  if (is_volume_marked_removed(paths, name)) {
    GANTRY_LET(auto gone, retire_volume(paths, name));
    if (!gone.empty()) GANTRY_TRY(sys::remove_tree(gone));
  }
  GANTRY_TRY(make_folder(paths.volume_path(name), 0700));
  GANTRY_TRY(make_folder(paths.volume_data(name), 0755));
  GANTRY_TRY(sys::sync_directory(paths.volume_path(name)));
  GANTRY_TRY(sys::sync_directory(paths.volumes()));
  return paths.volume_data(name);
}

result<void> mark_volume_removed(const layout& paths, std::string_view name) {
  GANTRY_TRY(check_volume_name(name));
  return sys::write_file(mark_of(paths, name), "", 0600, sys::durability::synced);
}

bool is_volume_marked_removed(const layout& paths, std::string_view name) {
  struct stat status {};
  return ::lstat(mark_of(paths, name).c_str(), &status) == 0;
}

result<std::string> retire_volume(const layout& paths, std::string_view name) {
  GANTRY_TRY(check_volume_name(name));
  return retire_folder(paths.volume_path(name));
}

// The copy is made beside _data and takes its place, or that of the part, by one rename, which replaces an empty
// directory and no other: so a crash leaves either an empty volume, to be filled the next time, or a full one.
result<copied_tree> copy_up(const layout& paths, std::string_view name, const sys::rooted_dir& content,
                            const std::string& part, std::stop_token stop, copy_limits limits) {
  GANTRY_TRY(check_volume_name(name));
  auto data = paths.volume_data(name);
  if (!part.empty()) data = folder_at(data, part);
  if (data.empty()) return copied_tree{};
  GANTRY_LET(bool empty, is_empty(data));
  if (!empty) return copied_tree{};
  auto copying = copy_of(paths, name);
  GANTRY_TRY(sys::remove_tree(copying));
  GANTRY_TRY(make_folder(copying, 0700));
  GANTRY_LET(auto target, sys::rooted_dir::open(copying));
  auto copied = copy_tree(content, target, std::move(stop), limits);
  if (copied && ::rename(copying.c_str(), data.c_str()) != 0) copied = fail_errno(errno, "rename {}", copying);
  if (copied) return copied;
  (void)sys::remove_tree(copying);
  return within(copied.error(), "fill the volume {} from the image", name);
}

} // namespace gantry::store
