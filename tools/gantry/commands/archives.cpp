#include "tools/gantry/commands/archives.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/sys/files.hpp"

namespace gantry::cli {
namespace {

constexpr std::size_t piece_bytes = 256u << 10;

template<class Take>
result<void> take_all(http::response& answer, Take take) {
  for (;;) {
    GANTRY_LET(const auto bytes, answer.read_some());
    if (bytes.empty()) return {};
    GANTRY_TRY(take(bytes));
  }
}

result<void> save_to_file(http::response& answer, const std::string& path) {
  struct stat status {};
  // A device or a pipe is written to as it is; a file is replaced when the whole archive is there.
  const bool in_place = ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  auto written_to = in_place ? path : path + ".XXXXXX";
  const sys::unique_fd file(in_place ? ::open(path.c_str(), O_WRONLY | O_CLOEXEC)
                                     : ::mkostemp(written_to.data(), O_CLOEXEC));
  if (!file) return fail_errno(errno, "create {}", path);
  auto saved = take_all(answer, [&](std::string_view bytes) { return sys::write_all(file.get(), bytes); });
  if (in_place) return saved;
  const auto mode = status.st_mode != 0 ? status.st_mode & 07777 : 0600;
  if (saved && ::fchmod(file.get(), mode) != 0) saved = fail_errno(errno, "chmod");
  if (saved && ::rename(written_to.c_str(), path.c_str()) != 0) saved = fail_errno(errno, "rename");
  if (saved) return {};
  ::unlink(written_to.c_str());
  return within(std::move(saved.error()), "{}", path);
}

} // namespace

result<int> archive_command::execute(context& with, const operands& given) {
  if (output_.empty() && with.io.out_is_terminal)
    return fail(errc::invalid_argument, "a tar archive is nothing for a terminal: use -o FILE, or redirect the output");
  GANTRY_LET(auto answer, with.api.open({.target = target_of(given)}));
  GANTRY_TRY(output_.empty() ? save_to_stream(answer, with.io.out) : save_to_file(answer, output_));
  return 0;
}

result<void> save_to_stream(http::response& answer, std::ostream& to) {
  return take_all(answer, [&](std::string_view bytes) -> result<void> {
    if (to.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) return {};
    return fail(errc::unavailable, "the output was closed");
  });
}

result<http::response> send_file(context& with, const http::request& what, const std::string& path) {
  sys::unique_fd opened;
  if (path != "-") {
    opened.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return fail_errno(errno, "open {}", path);
  }
  const int from = opened ? opened.get() : with.io.in_fd;
  return with.api.upload(what, [&](const http::body_writer& write) -> result<void> {
    std::string piece(piece_bytes, '\0');
    for (;;) {
      const auto got = ::read(from, piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno(errno, "read {}", path);
      if (got == 0) return {};
      GANTRY_TRY(write(std::string_view(piece).substr(0, static_cast<std::size_t>(got))));
    }
  });
}

} // namespace gantry::cli
