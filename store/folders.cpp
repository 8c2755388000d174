#include "store/folders.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>

#include "store/volume/volumes.hpp"

namespace gantry::store {
namespace {

/// Calls `each` with every name in `folder`; one that is not there is empty.
template<class Each>
result<void> for_each_name(const std::string& folder, Each each) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir) return errno == ENOENT ? result<void>() : fail_errno(errno, "open {}", folder);
  errno = 0;
  while (auto* entry = ::readdir(dir.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") each(name);
    errno = 0;
  }
  if (errno != 0) return fail_errno(errno, "list {}", folder);
  return {};
}

result<void> list_blobs(const layout& paths, folders& into) {
  for (auto algo : {digest::algorithm::sha256, digest::algorithm::sha512})
    GANTRY_TRY(for_each_name(paths.blobs(algo), [&](const std::string& name) {
      if (auto content = digest::parse(fmt::format("{}:{}", to_string(algo), name)))
        into.blobs.push_back(std::move(*content));
    }));
  return {};
}

/// A partial download is named <algo>-<hex> (store/blob).
result<void> list_ingests(const layout& paths, folders& into) {
  return for_each_name(paths.ingest(), [&](std::string name) {
    struct stat status {};
    if (::lstat((paths.ingest() + "/" + name).c_str(), &status) != 0) return;
    if (auto dash = name.find('-'); dash != std::string::npos) name[dash] = ':';
    if (auto content = digest::parse(name))
      into.ingests.push_back({std::move(*content), status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec});
  });
}

result<void> list_numbered(const std::string& folder, std::vector<folders::numbered>& into, folders& all) {
  return for_each_name(folder, [&](const std::string& name) {
    auto parsed = folder_name::parse(name);
    if (parsed.now == folder_name::state::gone) all.gone.push_back(folder + "/" + name);
    if (parsed.now == folder_name::state::whole || parsed.now == folder_name::state::made)
      into.push_back({parsed.number, parsed.now, name});
  });
}

result<void> list_containers(const layout& paths, folders& into) {
  std::vector<std::string> namespaces;
  GANTRY_TRY(for_each_name(paths.containers(), [&](const std::string& ns) { namespaces.push_back(ns); }));
  for (const auto& ns : namespaces) {
    auto folder = paths.containers() + "/" + ns;
    struct stat status {};
    if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
    GANTRY_TRY(for_each_name(folder, [&](const std::string& id) {
      if (folder_name::parse(id).now == folder_name::state::gone)
        into.gone.push_back(folder + "/" + id);
      else if (id[0] != '.')
        into.containers.push_back({ns, id});
    }));
  }
  return {};
}

result<void> list_volumes(const layout& paths, folders& into) {
  GANTRY_TRY(for_each_name(paths.volumes(), [&](const std::string& name) {
    if (folder_name::parse(name).now == folder_name::state::gone)
      into.gone.push_back(paths.volumes() + "/" + name);
    else if (check_volume_name(name))
      into.volumes.push_back({name, is_volume_marked_removed(paths, name), true});
  }));
  for (auto& volume : into.volumes)
    GANTRY_TRY(for_each_name(paths.volume_data(volume.name), [&](const std::string&) { volume.empty = false; }));
  return {};
}

} // namespace

result<folders> list_folders(const layout& paths) {
  folders all;
  GANTRY_TRY(list_blobs(paths, all));
  GANTRY_TRY(list_ingests(paths, all));
  GANTRY_TRY(list_numbered(paths.layers(), all.layers, all));
  GANTRY_TRY(list_numbered(paths.snapshots(), all.snapshots, all));
  GANTRY_TRY(list_containers(paths, all));
  GANTRY_TRY(list_volumes(paths, all));
  return all;
}

} // namespace gantry::store
