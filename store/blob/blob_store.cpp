#include "store/blob/blob_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/directory.hpp"
#include "runtime/sys/files.hpp"
#include "store/blob/staging.hpp"

namespace gantry::store {

namespace {

constexpr digest::algorithm algorithms[] = {digest::algorithm::sha256, digest::algorithm::sha512};

class file_source final : public byte_source {
public:
  explicit file_source(sys::unique_fd fd) : fd_(std::move(fd)) {}
  result<std::size_t> read(std::span<char> into) override {
    for (;;) {
      auto got = ::read(fd_.get(), into.data(), into.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return fail_errno(errno, "read a blob");
    }
  }

private:
  sys::unique_fd fd_;
};

/// Calls `visit(name, size)` for each regular file of `folder`.
template<class Visit>
result<void> for_each_file(const std::string& folder, Visit visit) {
  sys::directory dir(::opendir(folder.c_str()));
  if (!dir) return fail_errno(errno, "list {}", folder);
  errno = 0;
  while (const auto* found = ::readdir(dir.get())) {
    struct stat status {};
    if (::fstatat(::dirfd(dir.get()), found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode))
      visit(std::string(found->d_name), static_cast<std::uint64_t>(status.st_size));
    errno = 0;
  }
  if (errno != 0) return fail_errno(errno, "list {}", folder);
  return {};
}

/// The lock is on the inode: after a rename or unlink by its former holder it would guard a file without a name.
bool still_named(int fd, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

/// The partial file, opened and locked for one holder. Empty when somebody else holds it.
result<sys::unique_fd> open_locked(const std::string& path, int flags) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    sys::unique_fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
    if (!fd) return fail_errno(errno, "open {}", path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return sys::unique_fd();
      return fail_errno(errno, "lock {}", path);
    }
    if (still_named(fd.get(), path)) return fd;
  }
  return sys::unique_fd();
}

/// A leftover that is longer than the blob can be is no part of it.
result<std::uint64_t> usable_size(int fd, std::uint64_t wanted) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno(errno, "stat a partial download");
  auto size = static_cast<std::uint64_t>(status.st_size);
  if (size <= wanted) return size;
  if (::ftruncate(fd, 0) != 0) return fail_errno(errno, "truncate a partial download");
  return 0;
}

constexpr std::string_view put_prefix = "put.";

/// What a crash left of put(): a temporary file that nobody holds.
result<void> remove_leftovers(const std::string& folder) {
  return for_each_file(folder, [&](const std::string& name, std::uint64_t) {
    if (!name.starts_with(put_prefix)) return;
    auto path = folder + "/" + name;
    if (auto fd = open_locked(path, 0); fd && *fd) ::unlink(path.c_str());
  });
}

} // namespace

result<blob_store> blob_store::open(std::string root) {
  GANTRY_TRY(sys::make_directories(root, 0700));
  for (auto algo : algorithms)
    GANTRY_TRY(sys::make_directories(fmt::format("{}/blobs/{}", root, to_string(algo)), 0700));
  GANTRY_TRY(sys::make_directories(root + "/ingest", 0700));
  GANTRY_TRY(remove_leftovers(root + "/ingest"));
  GANTRY_TRY(remove_old_staging(root));
  return blob_store(std::move(root));
}

std::string blob_store::path(const digest& content) const {
  return fmt::format("{}/blobs/{}/{}", root_, to_string(content.algo()), content.hex());
}

std::string blob_store::ingest_path(const digest& content) const {
  return fmt::format("{}/ingest/{}-{}", root_, to_string(content.algo()), content.hex());
}

std::optional<std::uint64_t> blob_store::size(const digest& content) const {
  struct stat status {};
  if (content.empty() || ::lstat(path(content).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

result<std::unique_ptr<byte_source>> blob_store::open_blob(const digest& content) const {
  if (content.empty()) return fail(errc::invalid_argument, "a blob has no name without a digest");
  sys::unique_fd fd(::open(path(content).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return fail_errno(errno, "open blob {}", content.str());
  return std::make_unique<file_source>(std::move(fd));
}

result<std::string> blob_store::read(const digest& content, std::size_t limit) const {
  if (content.empty()) return fail(errc::invalid_argument, "a blob has no name without a digest");
  GANTRY_LET(auto bytes, sys::read_file(path(content), limit));
  if (digest_of(bytes, content.algo()) != content)
    return fail(errc::corrupt,
                "blob {}: its file holds other bytes: the disk or somebody changed it; remove the image "
                "and pull it again",
                content.str());
  return bytes;
}

result<void> blob_store::put(std::string_view bytes, const digest& content) const {
  auto found = digest_of(bytes, content.algo());
  if (content.empty() || found != content)
    return fail(errc::corrupt, "{}: the {} bytes that came have the digest {}", content.str(), bytes.size(),
                found.str());
  if (size(content) == bytes.size()) return {};
  // The temporary file lies where open() finds what a crash left, so that there are only blobs among the blobs.
  auto temporary = fmt::format("{}/ingest/{}XXXXXX", root_, put_prefix);
  sys::unique_fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return fail_errno(errno, "create {}", temporary);
  auto written = sys::write_all(fd.get(), bytes);
  if (written && ::fsync(fd.get()) != 0) written = fail_errno(errno, "fsync");
  if (written && ::rename(temporary.c_str(), path(content).c_str()) != 0) written = fail_errno(errno, "rename");
  if (!written) {
    ::unlink(temporary.c_str());
    return within(written.error(), "store {}", content.str());
  }
  return sys::sync_directory(fmt::format("{}/blobs/{}", root_, to_string(content.algo())));
}

result<void> blob_store::remove(const digest& content) const {
  if (content.empty()) return fail(errc::invalid_argument, "a blob has no name without a digest");
  if (::unlink(path(content).c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove {}", path(content));
  return {};
}

result<std::vector<blob_store::entry>> blob_store::list() const {
  std::vector<entry> found;
  for (auto algo : algorithms) {
    GANTRY_TRY(for_each_file(fmt::format("{}/blobs/{}", root_, to_string(algo)),
                             [&](const std::string& name, std::uint64_t size) {
                               auto content = digest::parse(fmt::format("{}:{}", to_string(algo), name));
                               if (content) found.push_back({std::move(*content), size});
                             }));
  }
  return found;
}

result<std::shared_ptr<ingest>> blob_store::begin(const descriptor& what) const {
  if (what.content.empty()) return fail(errc::invalid_argument, "a blob cannot be stored without a digest");
  if (has(what.content)) return fail(errc::already_exists, "{} is in the store already", what.content.str());
  auto file = ingest_path(what.content);
  GANTRY_LET(auto fd, open_locked(file, O_CREAT));
  if (!fd) return fail(errc::already_exists, "{} is being downloaded right now", what.content.str());
  // Its former holder may have committed it between the look above and the lock.
  if (has(what.content)) {
    ::unlink(file.c_str());
    return fail(errc::already_exists, "{} is in the store already", what.content.str());
  }
  GANTRY_LET(auto on_disk, usable_size(fd.get(), what.size));
  return std::make_shared<ingest>(what, std::move(file), path(what.content), std::move(fd), on_disk);
}

result<std::vector<blob_store::entry>> blob_store::list_ingests() const {
  std::vector<entry> found;
  GANTRY_TRY(for_each_file(root_ + "/ingest", [&](std::string name, std::uint64_t size) {
    auto dash = name.find('-');
    if (dash == std::string::npos) return;
    name[dash] = ':';
    auto content = digest::parse(name);
    if (content) found.push_back({std::move(*content), size});
  }));
  std::erase_if(found, [this](const entry& one) {
    auto fd = open_locked(ingest_path(one.content), 0);
    return !fd || !*fd;
  });
  return found;
}

result<void> blob_store::remove_ingest(const digest& content) const {
  auto file = ingest_path(content);
  auto fd = open_locked(file, 0);
  if (!fd) return fd.error().code == errc::not_found ? result<void>() : tl::unexpected<error>(fd.error());
  if (!*fd) return fail(errc::failed_precondition, "{} is being downloaded right now", content.str());
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove {}", file);
  return {};
}

} // namespace gantry::store
