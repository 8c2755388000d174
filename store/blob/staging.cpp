#include "store/blob/staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <vector>

#include "runtime/sys/directory.hpp"
#include "runtime/sys/files.hpp"
#include "store/layout.hpp"

namespace gantry::store {
namespace {

constexpr std::string_view prefix = "stage.";

class piece_source final : public byte_source {
public:
  explicit piece_source(sys::unique_fd fd) : fd_(std::move(fd)) {}
  result<std::size_t> read(std::span<char> into) override {
    for (;;) {
      auto got = ::read(fd_.get(), into.data(), into.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return fail_errno(errno, "read a staged file");
    }
  }

private:
  sys::unique_fd fd_;
};

/// Empty when somebody else holds it.
sys::unique_fd lock_folder(const std::string& path) {
  sys::unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

} // namespace

staging::file::file(sys::unique_fd fd, std::uint64_t number, digest::algorithm algo)
    : fd_(std::move(fd)), hash_(algo), made_{number, {}, 0} {}

result<void> staging::file::write(std::string_view bytes) {
  hash_.update(std::span(bytes.data(), bytes.size()));
  made_.size += bytes.size();
  return sys::write_all(fd_.get(), bytes);
}

staging::piece staging::file::end() {
  made_.content = hash_.finish();
  fd_.reset();
  return std::move(made_);
}

staging::staging(std::string root, std::string folder, sys::unique_fd lock)
    : root_(std::move(root)), folder_(std::move(folder)), lock_(std::move(lock)) {}

staging::~staging() { (void)sys::remove_tree(folder_); } // else the next start does

result<std::unique_ptr<staging>> staging::open(const std::string& root) {
  auto folder = fmt::format("{}/ingest/{}XXXXXX", root, prefix);
  if (::mkdtemp(folder.data()) == nullptr) return fail_errno(errno, "make the folder {}", folder);
  auto lock = lock_folder(folder);
  if (!lock) return fail_errno(errno, "lock {}", folder);
  return std::unique_ptr<staging>(new staging(root, std::move(folder), std::move(lock)));
}

std::string staging::path_of(const piece& what) const { return fmt::format("{}/{}", folder_, what.number); }

result<staging::file> staging::begin(digest::algorithm algo) {
  piece made{next_++, {}, 0};
  sys::unique_fd fd(::open(path_of(made).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(errno, "create {}", path_of(made));
  return file(std::move(fd), made.number, algo);
}

result<std::unique_ptr<byte_source>> staging::read(const piece& what) const {
  sys::unique_fd fd(::open(path_of(what).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", path_of(what));
  return std::make_unique<piece_source>(std::move(fd));
}

result<std::string> staging::read_whole(const piece& what, std::size_t limit) const {
  if (what.size > limit) return fail(errc::exhausted, "it has {} bytes, over the limit of {}", what.size, limit);
  return sys::read_file(path_of(what), limit);
}

result<void> staging::keep(std::span<const piece> what) {
  const layout paths(root_);
  std::set<std::string> changed;
  for (const auto& one : what) {
    auto blob = paths.blob_path(one.content);
    struct stat status {};
    if (::lstat(blob.c_str(), &status) == 0) continue;
    sys::unique_fd fd(::open(path_of(one).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return fail_errno(errno, "sync {}", path_of(one));
    if (::rename(path_of(one).c_str(), blob.c_str()) != 0) return fail_errno(errno, "rename to {}", blob);
    changed.insert(paths.blobs(one.content.algo()));
  }
  for (const auto& folder : changed) GANTRY_TRY(sys::sync_directory(folder));
  return {};
}

result<void> remove_old_staging(const std::string& root) {
  auto ingest = root + "/ingest";
  sys::directory dir(::opendir(ingest.c_str()));
  if (!dir) return fail_errno(errno, "list {}", ingest);
  std::vector<std::string> left;
  while (const auto* found = ::readdir(dir.get()))
    if (std::string_view(found->d_name).starts_with(prefix)) left.push_back(ingest + "/" + found->d_name);
  for (const auto& folder : left)
    if (auto lock = lock_folder(folder)) GANTRY_TRY(sys::remove_tree(folder));
  return {};
}

} // namespace gantry::store
