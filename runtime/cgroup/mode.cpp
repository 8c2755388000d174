#include "runtime/cgroup/mode.hpp"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

#include "runtime/sys/files.hpp"

namespace gantry::cgroup {
namespace {

long file_system_of(const std::string& path) {
  struct statfs fs {};
  return ::statfs(path.c_str(), &fs) == 0 ? static_cast<long>(fs.f_type) : 0;
}

std::vector<std::string> words_of(const std::string& path) {
  auto text = sys::read_file(path, 64 << 10);
  std::vector<std::string> words;
  if (!text) return words;
  std::istringstream in(*text);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir) return names;
  while (const auto* entry = ::readdir(dir.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

/// A v1 hierarchy's folder is named after its controllers: "memory", "cpu,cpuacct", "net_cls,net_prio".
void add_hierarchy(layout& found, const std::string& name) {
  std::istringstream in(name);
  for (std::string controller; std::getline(in, controller, ',');)
    found.folders.emplace(controller, found.root + "/" + name);
}

/// A folder counts as a cgroup2 mount also without the magic number when it has the interface's root file: what lets
/// tests describe a host by plain folders.
bool is_unified(const std::string& path) {
  return file_system_of(path) == CGROUP2_SUPER_MAGIC || sys::read_file(path + "/cgroup.controllers").has_value();
}

bool is_v1(const std::string& path) {
  return file_system_of(path) == CGROUP_SUPER_MAGIC || sys::read_file(path + "/tasks", 16 << 20).has_value();
}

layout unified_layout(const std::string& root) {
  layout found;
  found.how = mode::v2;
  found.root = found.unified = root;
  found.controllers = words_of(root + "/cgroup.controllers");
  return found;
}

} // namespace

std::string_view to_string(mode m) {
  switch (m) {
  case mode::v1:
    return "v1";
  case mode::hybrid:
    return "hybrid";
  case mode::v2:
    return "v2";
  case mode::none:
    break;
  }
  return "none";
}

std::string_view to_string(driver d) { return d == driver::systemd ? "systemd" : "cgroupfs"; }

bool layout::has(std::string_view controller) const {
  return std::binary_search(controllers.begin(), controllers.end(), controller);
}

std::string layout::folder_of(std::string_view controller, std::string_view cgroup_path) const {
  const auto base = folders.find(std::string(controller));
  if (base != folders.end()) return base->second + std::string(cgroup_path);
  return !unified.empty() && has(controller) ? unified + std::string(cgroup_path) : std::string();
}

std::vector<std::string> layout::folders_of(std::string_view cgroup_path) const {
  std::set<std::string> bases;
  for (const auto& [controller, folder] : folders) bases.insert(folder);
  if (!unified.empty()) bases.insert(unified);
  std::vector<std::string> paths;
  paths.reserve(bases.size());
  for (const auto& base : bases) paths.push_back(base + std::string(cgroup_path));
  return paths;
}

result<layout> detect(const std::string& root) {
  if (is_unified(root)) {
    auto found = unified_layout(root);
    std::sort(found.controllers.begin(), found.controllers.end());
    return found;
  }
  layout found;
  found.root = root;
  std::set<std::string> usable;
  for (const auto& name : entries_of(root)) {
    const auto path = root + "/" + name;
    if (is_unified(path)) {
      found.unified = path;
      for (auto& word : words_of(path + "/cgroup.controllers")) usable.insert(word);
    } else if (is_v1(path)) {
      add_hierarchy(found, name);
    }
  }
  if (found.folders.empty() && found.unified.empty())
    return fail(errc::failed_precondition,
                "no cgroup hierarchy is mounted at {}: mount one, e.g. `mount -t cgroup2 none {}`", root, root);
  for (const auto& [controller, folder] : found.folders)
    if (controller != "systemd") usable.insert(controller);
  found.controllers.assign(usable.begin(), usable.end());
  found.how = found.folders.empty() ? mode::v2 : found.unified.empty() ? mode::v1 : mode::hybrid;
  return found;
}

const layout* of_host() {
  static const auto found = detect();
  return found ? &*found : nullptr;
}

} // namespace gantry::cgroup
