#include "store/archive/tree_path.hpp"

#include <vector>

namespace gantry::store {
namespace {

/// The parts that are left; false when ".." leads above the first of them.
bool reduce(std::string_view path, std::vector<std::string_view>& parts) {
  bool within = true;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (parts.empty())
      within = false;
    else
      parts.pop_back();
  }
  return within;
}

std::string joined(const std::vector<std::string_view>& parts) {
  std::string path;
  for (auto part : parts) {
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

std::string_view without_slashes(std::string_view path) {
  return path.substr(0, path.find_last_not_of('/') + 1); // npos + 1: nothing
}

} // namespace

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> parts;
  reduce(path, parts);
  auto clean = "/" + joined(parts);
  if (base_name(path) == "." && !path.empty()) clean += clean == "/" ? "." : "/.";
  if (path.ends_with('/') && !clean.ends_with('/')) clean += '/';
  return clean;
}

std::string base_name(std::string_view clean) {
  const auto bare = without_slashes(clean);
  if (bare.empty()) return "/";
  return std::string(bare.substr(bare.rfind('/') + 1)); // npos + 1: all of it
}

std::optional<std::string> clean_entry_name(std::string_view name) {
  std::vector<std::string_view> parts;
  // An absolute name begins at the archive's top, above which ".." does not lead (Go, path.Clean).
  if (!reduce(name, parts) && !name.starts_with('/')) return std::nullopt;
  return joined(parts);
}

std::string join_path(std::string_view folder, std::string_view name) {
  while (name.starts_with('/')) name.remove_prefix(1);
  std::string path(folder);
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path.append(name);
}

} // namespace gantry::store
