#include "store/layer/sub_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "messages/domain/quote.hpp"
#include "runtime/sys/merged_tree.hpp"
#include "store/layer/beneath.hpp"
#include "store/layer/lower_tree.hpp"

namespace gantry::store {
namespace {

/// What a path leads to, by a name without symlinks.
struct place {
  std::string name; ///< relative to the root, "" for the root itself
  bool is_folder = false;
};

/// The name by which the kernel knows an open file, as the calling thread sees its mounts.
result<std::string> name_of(int fd) {
  const auto link = fmt::format("/proc/thread-self/fd/{}", fd);
  std::string name(4096, 0);
  const auto size = ::readlink(link.c_str(), name.data(), name.size());
  if (size < 0 || static_cast<std::size_t>(size) == name.size()) return fail_errno(errno, "read {}", link);
  name.resize(static_cast<std::size_t>(size));
  return name;
}

result<place> find(const sys::rooted_dir& tree, const std::string& path) {
  auto opened = tree.open_at(path, O_PATH);
  if (!opened && opened.error().code == errc::not_found) return fail(errc::not_found, "it has no {}", quote(path));
  if (!opened) return tl::unexpected<error>(std::move(opened.error()));
  struct stat status {};
  if (::fstat(opened->get(), &status) != 0) return fail_errno(errno, "look at {}", quote(path));
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
    return fail(errc::invalid_argument, "its {} is neither a folder nor a file", quote(path));
  GANTRY_LET(const auto root, name_of(tree.fd()));
  GANTRY_LET(const auto name, name_of(opened->get()));
  place found{{}, S_ISDIR(status.st_mode)};
  if (name.size() > root.size()) found.name = name.substr(root.size() + 1);
  return found;
}

} // namespace

result<std::vector<std::string>> layers_at(const std::vector<std::string>& layers, const std::string& path) {
  place at;
  GANTRY_TRY(sys::with_merged_tree(layers, [&](const sys::rooted_dir& tree) -> result<void> {
    GANTRY_LET(at, find(tree, path));
    return {};
  }));
  if (at.name.empty()) return layers;
  parent_view stack{{layers.rbegin(), layers.rend()}};
  GANTRY_LET(auto tree, lower_tree::open(stack));
  std::vector<std::size_t> having; // topmost first
  if (at.is_folder) {
    GANTRY_LET(having, tree.layers_of(at.name));
  } else {
    GANTRY_LET(const auto file, tree.look(at.name));
    if (file) having = {file->layer};
  }
  if (having.empty()) return fail(errc::internal, "no layer has {}", quote(at.name));
  std::vector<std::string> found;
  for (auto layer = having.rbegin(); layer != having.rend(); ++layer)
    found.push_back(stack.folders[*layer] + "/" + at.name);
  return found;
}

} // namespace gantry::store
