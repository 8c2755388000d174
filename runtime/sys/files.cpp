#include "runtime/sys/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace gantry::sys {

result<std::string> read_file(const std::string& path, std::size_t limit) {
  unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", path);
  std::string content;
  char buffer[16384];
  for (;;) {
    auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read {}", path);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > limit) return fail(errc::exhausted, "{}: larger than the limit of {} bytes", path, limit);
  }
}

result<void> write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    auto put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "write");
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

result<void> write_file(const std::string& path, std::string_view content, mode_t mode, durability how) {
  auto temporary = path + ".XXXXXX";
  unique_fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return fail_errno(errno, "create {}", temporary);
  auto written = write_all(fd.get(), content);
  if (written && ::fchmod(fd.get(), mode) != 0) written = fail_errno(errno, "chmod");
  if (written && how == durability::synced && ::fsync(fd.get()) != 0) written = fail_errno(errno, "fsync");
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = fail_errno(errno, "rename");
  if (!written) {
    ::unlink(temporary.c_str());
    return within(written.error(), "{}", path);
  }
  if (how == durability::synced) return sync_directory(path.substr(0, path.rfind('/')));
  return {};
}

result<void> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t at = 1; at != std::string::npos && at <= path.size();) {
    at = path.find('/', at);
    auto prefix = path.substr(0, at);
    if (::mkdir(prefix.c_str(), mode) != 0 && errno != EEXIST) return fail_errno(errno, "mkdir {}", prefix);
    if (at != std::string::npos) ++at;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(errno, "stat {}", path);
  if (!S_ISDIR(status.st_mode)) return fail(errc::failed_precondition, "{}: exists and is not a directory", path);
  return {};
}

namespace {

struct directory_closer {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using directory = std::unique_ptr<DIR, directory_closer>;

struct level {
  directory entries;
  std::string name; ///< within the level above
};

result<directory> open_directory(int parent, const std::string& name, dev_t device) {
  unique_fd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", name);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat {}", name);
  if (device != 0 && status.st_dev != device)
    return fail(errc::failed_precondition, "{}: something is mounted there", name);
  directory opened(::fdopendir(fd.get()));
  if (!opened) return fail_errno(errno, "open {}", name);
  (void)fd.release();
  return opened;
}

/// Removes the next entry of the innermost level; a directory becomes a new level. False at its end.
result<bool> remove_next(std::vector<level>& levels, dev_t device) {
  auto* entries = levels.back().entries.get();
  errno = 0;
  auto* entry = ::readdir(entries);
  if (entry == nullptr) return errno != 0 ? result<bool>(fail_errno(errno, "list {}", levels.back().name)) : false;
  std::string name = entry->d_name;
  if (name == "." || name == "..") return true;
  if (::unlinkat(::dirfd(entries), name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "unlink {}", name);
  GANTRY_LET(auto below, open_directory(::dirfd(entries), name, device));
  levels.push_back({std::move(below), std::move(name)});
  return true;
}

} // namespace

// A stack of open levels rather than recursion: a hostile container may nest directories beyond any stack. More than
// 512 levels are moved up first, so that the descriptors stay bounded too.
result<void> remove_tree(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? result<void>() : fail_errno(errno, "stat {}", path);
  if (!S_ISDIR(status.st_mode)) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "unlink {}", path);
    return {};
  }
  std::vector<level> levels;
  auto top = open_directory(AT_FDCWD, path, 0);
  if (!top) return within(top.error(), "remove {}", path);
  levels.push_back({std::move(*top), path});
  while (!levels.empty()) {
    auto more = remove_next(levels, status.st_dev);
    if (!more) return within(more.error(), "remove {}", path);
    if (*more) {
      if (levels.size() > 512) { // flatten: move the deepest directory to the top, to be met again there
        auto moved = ".gantry-deep-" + std::to_string(reinterpret_cast<std::uintptr_t>(levels.back().entries.get()));
        auto& above = levels[levels.size() - 2];
        if (::renameat(::dirfd(above.entries.get()), levels.back().name.c_str(), ::dirfd(levels[0].entries.get()),
                       moved.c_str()) != 0)
          return fail_errno(errno, "flatten {}", path);
        levels.pop_back();
        ::rewinddir(levels[0].entries.get());
      }
      continue;
    }
    auto name = std::move(levels.back().name);
    levels.pop_back();
    int parent = levels.empty() ? AT_FDCWD : ::dirfd(levels.back().entries.get());
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      if (errno == ENOTEMPTY && !levels.empty()) {
        ::rewinddir(levels.back().entries.get());
        continue;
      }
      return fail_errno(errno, "rmdir {} below {}", name, path);
    }
  }
  return {};
}

result<void> sync_directory(const std::string& path) {
  unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", path);
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "fsync {}", path);
  return {};
}

result<std::uint64_t> process_start_time(pid_t pid) {
  GANTRY_LET(auto text, read_file("/proc/" + std::to_string(pid) + "/stat", 4096));
  // The command (field 2) may hold anything, also ')': the fields that count begin after the last one.
  auto at = text.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return fail(errc::internal, "/proc/{}/stat: not in the form of proc(5)", pid);
  return std::strtoull(text.c_str() + at, nullptr, 10);
}

} // namespace gantry::sys
