#include "runtime/cgroup/remove.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <sstream>

#include "runtime/sys/files.hpp"

namespace gantry::cgroup {
namespace {

constexpr std::size_t max_folders = 10'000;
constexpr std::size_t max_depth = 64;

using folder_list = std::vector<std::string>;

/// Lists `path` and its sub-cgroups, parents before children.
result<void> list_tree(const std::string& path, std::size_t depth, folder_list& into) {
  if (depth > max_depth || into.size() >= max_folders)
    return fail(errc::exhausted, "cgroup {} has more than {} cgroups below it or is deeper than {}: remove it by hand",
                path, max_folders, max_depth);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir) return {}; // gone meanwhile
  into.push_back(path);
  while (const auto* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    // cgroupfs tells the type of each entry; folders are the sub-cgroups.
    if (entry->d_type == DT_DIR && name != "." && name != "..")
      GANTRY_TRY(list_tree(path + "/" + std::string(name), depth + 1, into));
  }
  return {};
}

result<void> check(std::string_view path) {
  if (path.size() < 2 || path.front() != '/' || path.find_first_not_of('/') == std::string_view::npos ||
      (std::string(path) + "/").find("/../") != std::string::npos)
    return fail(errc::invalid_argument, "cgroup path '{}' is not an absolute path below the root", path);
  return {};
}

result<void> remove_folders(const folder_list& parents_first, removal& done) {
  for (auto it = parents_first.rbegin(); it != parents_first.rend(); ++it) {
    if (::rmdir(it->c_str()) == 0 || errno == ENOENT) continue;
    // ENOTEMPTY: a child was busy, or has just been made.
    if (errno != EBUSY && errno != ENOTEMPTY) return fail_errno(errno, "cannot remove cgroup {}", *it);
    done.busy.push_back(*it);
  }
  return {};
}

} // namespace

result<removal> remove(const layout& host, std::string_view cgroup_path) {
  GANTRY_TRY(check(cgroup_path));
  removal done;
  for (const auto& folder : host.folders_of(cgroup_path)) {
    if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) continue;
    folder_list tree;
    GANTRY_TRY(list_tree(folder, 0, tree));
    GANTRY_TRY(remove_folders(tree, done));
  }
  return done;
}

std::vector<int> processes(const layout& host, std::string_view cgroup_path, std::size_t limit) {
  std::vector<int> found;
  for (const auto& base : host.folders_of(cgroup_path)) {
    folder_list tree;
    if (!list_tree(base, 0, tree) || tree.empty()) continue;
    for (const auto& folder : tree) {
      std::istringstream in(sys::read_file(folder + "/cgroup.procs", 1 << 20).value_or(std::string()));
      for (int pid = 0; found.size() < limit && in >> pid;) found.push_back(pid);
    }
    break; // each hierarchy holds the same processes
  }
  return found;
}

} // namespace gantry::cgroup
