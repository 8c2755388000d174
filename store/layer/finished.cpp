// What is done to a layer's folder after its extraction.
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "store/layer/attributes.hpp"
#include "store/layer/beneath.hpp"
#include "store/layer/extract.hpp"

namespace gantry::store {
namespace {

result<sys::unique_fd> open_directory(const std::string& folder) {
  sys::unique_fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open {}", folder);
  return fd;
}

} // namespace

result<void> inherit_root(const std::string& folder, const parent_view& parents) {
  attributes attrs;
  for (const auto& parent : parents.folders) {
    GANTRY_LET(auto from, open_directory(parent));
    if (::fgetxattr(from.get(), implied_root_xattr, nullptr, 0) >= 0) continue;
    GANTRY_LET(attrs, read_attributes(from.get()));
    break;
  }
  GANTRY_LET(auto fd, open_directory(folder));
  if (auto done = apply_to_folder(fd.get(), attrs); !done) return within(done.error(), "root of {}", folder);
  return {};
}

result<void> sync_layer(const std::string& folder) {
  GANTRY_LET(auto fd, open_directory(folder));
  if (::syncfs(fd.get()) != 0) return fail_errno(errno, "sync the file system of {}", folder);
  return {};
}

} // namespace gantry::store
