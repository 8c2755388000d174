#include "tools/gantry/commands/copy_paths.hpp"

#include "messages/domain/quote.hpp"
#include "store/archive/tree_path.hpp"

namespace gantry::cli {
namespace {

/// "a/b/" and "a/b": the folder "a/" and "b".
copy_place split(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

bool is_content(const std::string& path) { return path == "." || path.ends_with("/."); }

} // namespace

copy_end parse_copy_end(const std::string& text) {
  const auto colon = text.find(':');
  if (text.starts_with('/') || text.starts_with('.') || colon == std::string::npos || colon == 0) return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

result<copy_place> place_copy(const std::string& source, bool source_is_folder, const std::string& target,
                              path_kind there) {
  const bool content = source_is_folder && is_content(source);
  switch (there) {
  case path_kind::folder:
    if (content) return copy_place{target, ""};
    return copy_place{target, store::base_name(source)};
  case path_kind::file:
    if (source_is_folder) return fail(errc::invalid_argument, "cannot copy a directory to the file {}", quote(target));
    if (target.ends_with('/')) return fail(errc::invalid_argument, "{} is no directory", quote(target));
    return split(target);
  case path_kind::nothing:
    break;
  }
  if (!source_is_folder && target.ends_with('/'))
    return fail(errc::invalid_argument, "no such directory: {}", quote(target));
  return split(target);
}

} // namespace gantry::cli
