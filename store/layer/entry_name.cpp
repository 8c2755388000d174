#include "store/layer/entry_name.hpp"

#include <limits.h>

#include <algorithm>

#include "store/layer/entry.hpp"

namespace gantry::store {
namespace {

constexpr std::string_view whiteout_prefix = ".wh.", reserved_prefix = ".wh..wh.", opaque_name = ".wh..wh..opq";
constexpr std::string_view aufs_names[] = {".wh..wh.aufs", ".wh..wh.orph", ".wh..wh.plnk"};

bool is_aufs(std::string_view part) { return std::ranges::find(aufs_names, part) != std::end(aufs_names); }

result<void> check_part(std::string_view part) {
  if (part == "..") return fail(errc::corrupt, "its name holds \"..\", which could lead out of the layer");
  if (part.size() > NAME_MAX) return fail(errc::corrupt, "a component of its name is longer than {} bytes", NAME_MAX);
  return {};
}

// The role of the last component; cuts the prefix off a whiteout's.
result<name_role> take_role(std::string& leaf) {
  if (!leaf.starts_with(whiteout_prefix)) return name_role::entry;
  if (leaf == opaque_name) return name_role::opaque;
  if (leaf.starts_with(reserved_prefix))
    return fail(errc::corrupt, "names that begin with .wh..wh. are reserved for whiteouts");
  leaf.erase(0, whiteout_prefix.size());
  if (leaf.empty() || leaf == "." || leaf == "..") return fail(errc::corrupt, "it is a whiteout that names no file");
  return name_role::whiteout;
}

} // namespace

std::string printable(std::string_view name) {
  constexpr std::size_t limit = 200;
  std::string text;
  for (char c : name.substr(0, limit)) {
    if (c >= 0x20 && c < 0x7f)
      text.push_back(c);
    else
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return name.size() > limit ? text + "…" : text;
}

bool keep_xattr(const std::string& name) {
  if (name.starts_with("user.")) return !name.starts_with("user.overlay.");
  return name == "security.capability" || name == "system.posix_acl_access" || name == "system.posix_acl_default";
}

result<std::vector<std::string>> split_name(std::string_view name, std::size_t max_depth) {
  if (name.empty()) return fail(errc::corrupt, "its name is empty");
  if (name.size() >= PATH_MAX) return fail(errc::corrupt, "its name is longer than {} bytes", PATH_MAX - 1);
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < name.size();) {
    auto end = std::min(name.find('/', at), name.size());
    auto part = name.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    GANTRY_TRY(check_part(part));
    if (parts.size() == max_depth) return fail(errc::corrupt, "it lies more than {} folders deep", max_depth);
    parts.emplace_back(part);
  }
  return parts;
}

result<entry_name> parse_entry_name(std::string_view name, std::size_t max_depth) {
  GANTRY_LET(auto parts, split_name(name, max_depth));
  entry_name parsed;
  if (parts.empty()) return parsed;
  if (is_aufs(parts.front())) {
    parsed.role = name_role::ignored;
    return parsed;
  }
  parsed.leaf = std::move(parts.back());
  parts.pop_back();
  for (const auto& part : parts) {
    if (part.starts_with(whiteout_prefix))
      return fail(errc::corrupt, "it lies in a folder that is named as a whiteout ({})", printable(part));
  }
  GANTRY_LET(parsed.role, take_role(parsed.leaf));
  parsed.folder = std::move(parts);
  return parsed;
}

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    if (end > at && path.substr(at, end - at) != ".") parts.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts) {
  std::string path;
  for (const auto& part : parts) {
    if (!path.empty()) path.push_back('/');
    path += part;
  }
  return path;
}

std::string join(const std::string& folder, std::string_view leaf) {
  if (folder.empty()) return std::string(leaf);
  std::string path;
  path.reserve(folder.size() + 1 + leaf.size());
  path.append(folder).append("/").append(leaf);
  return path;
}

} // namespace gantry::store
