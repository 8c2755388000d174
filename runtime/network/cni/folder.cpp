#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "runtime/network/cni/config.hpp"
#include "runtime/sys/files.hpp"

// The folder of configurations, /etc/cni/net.d on most nodes. Network plugins write theirs into it at any time.

namespace gantry::network::cni {
namespace {

constexpr std::array<std::string_view, 3> endings = {".conflist", ".conf", ".json"};

struct candidates {
  std::vector<std::string> names; ///< sorted, at most max_config_files
  std::size_t beyond = 0;         ///< how many more there are
};

bool is_candidate(std::string_view name) {
  return std::any_of(endings.begin(), endings.end(), [name](auto ending) { return name.ends_with(ending); });
}

result<candidates> list_candidates(const std::string& folder) {
  candidates found;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir && errno == ENOENT) return found;
  if (!dir) return fail_errno(errno, "read the CNI folder {}", folder);
  while (const auto* entry = ::readdir(dir.get()))
    if (is_candidate(entry->d_name)) found.names.emplace_back(entry->d_name);
  std::sort(found.names.begin(), found.names.end());
  if (found.names.size() > max_config_files) {
    found.beyond = found.names.size() - max_config_files;
    found.names.resize(max_config_files);
  }
  return found;
}

std::string mark_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fmt::format("{} !{}\n", path, errno);
  return fmt::format("{} {}.{} {} {}.{} {}.{}\n", path, status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

/// Something else than a file, a FIFO say, would keep its reader waiting.
result<network_config> load_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(errno, "CNI network of {}", path);
  if (!S_ISREG(status.st_mode)) return fail(errc::invalid_argument, "CNI network of {}: it is not a file", path);
  auto text = sys::read_file(path, max_config_bytes);
  if (!text) return within(text.error(), "CNI network of {}", path);
  return parse_network(*text, path);
}

} // namespace

std::string fingerprint_of(const std::string& folder) {
  const auto found = list_candidates(folder);
  if (!found) return "!" + found.error().message;
  std::string all = fmt::format("+{}\n", found->beyond);
  for (const auto& name : found->names) all += mark_of(folder + "/" + name);
  return all;
}

folder_content load_folder(const std::string& folder) {
  folder_content content;
  content.fingerprint = fingerprint_of(folder); // before: what changes meanwhile is read again
  const auto found = list_candidates(folder);
  if (!found) {
    content.refused.push_back(found.error());
    return content;
  }
  for (const auto& name : found->names) {
    auto network = load_file(folder + "/" + name);
    if (!network) {
      content.refused.push_back(std::move(network.error()));
      continue;
    }
    const auto same = std::find_if(content.networks.begin(), content.networks.end(),
                                   [&](const auto& one) { return one.name == network->name; });
    if (same == content.networks.end())
      content.networks.push_back(std::move(*network));
    else
      content.refused.push_back(
          {errc::already_exists,
           fmt::format("CNI network of {}: {} has the name '{}' already", network->file, same->file, same->name), 0});
  }
  if (found->beyond > 0)
    content.refused.push_back({errc::exhausted,
                               fmt::format("the CNI folder {} has {} files; the first {} are read", folder,
                                           found->names.size() + found->beyond, max_config_files),
                               0});
  return content;
}

result<network_config> folder_content::default_network(std::string_view folder) const {
  if (!networks.empty()) return networks.front();
  std::string why;
  for (const auto& one : refused) why += "; " + one.message;
  return fail(errc::not_found, "no CNI network is configured in {}{}", folder, why);
}

} // namespace gantry::network::cni
