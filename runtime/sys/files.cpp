#include "runtime/sys/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace gantry::sys {

result<std::string> read_all(int fd, std::size_t limit, std::string_view name) {
  std::string content;
  char buffer[16384];
  for (;;) {
    auto got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read {}", name);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > limit) return fail(errc::exhausted, "{}: larger than the limit of {} bytes", name, limit);
  }
}

result<std::string> read_file(const std::string& path, std::size_t limit) {
  unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", path);
  return read_all(fd.get(), limit, path);
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

namespace {

std::string folder_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace

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
  if (how == durability::synced) return sync_directory(folder_of(path));
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
