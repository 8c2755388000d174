#include "tests/store/layer/judge_tree.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "runtime/sys/files.hpp"

namespace gantry::test {
namespace {

namespace fs = std::filesystem;

void run_tar(const std::string& archive, const std::string& tree) {
  const char* argv[] = {"tar", "-xpf",       archive.c_str(), "--numeric-owner", "--xattrs", "--xattrs-include=*",
                        "-C",  tree.c_str(), nullptr};
  pid_t child = 0;
  if (::posix_spawnp(&child, "tar", nullptr, nullptr, const_cast<char**>(argv), environ) != 0)
    throw std::runtime_error("tar cannot be started");
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("tar failed");
}

std::pair<std::int64_t, std::int64_t> time_of(const tar_header& entry) {
  auto pax = entry.pax.find("mtime");
  if (pax == entry.pax.end()) return {entry.mtime, 0};
  auto dot = pax->second.find('.');
  return {std::stoll(pax->second), std::stoll((pax->second.substr(dot + 1) + "000000000").substr(0, 9))};
}

void drop_xattrs(const std::string& path) {
  char names[4096];
  auto size = ::listxattr(path.c_str(), names, sizeof names);
  for (const char* name = names; size > 0 && name < names + size; name += std::string_view(name).size() + 1)
    ::removexattr(path.c_str(), name);
}

std::string trimmed(const std::string& name) {
  auto text = name.starts_with("./") ? name.substr(2) : name;
  while (text.ends_with('/')) text.pop_back();
  return text == "." ? "" : text;
}

} // namespace

judge_tree::judge_tree(const scratch& where) : tree_(where.folder("tree")), archive_(where / "entry.tar") {
  ::chmod(tree_.c_str(), 0755);
  folder_times_[""] = {0, 0};
}

std::string judge_tree::canonical(const std::string& name) const {
  auto plain = trimmed(name);
  if (plain.empty()) return "";
  fs::path path(tree_ + "/" + plain);
  auto full = (fs::weakly_canonical(path.parent_path()) / path.filename()).string();
  if (!full.starts_with(tree_ + "/")) throw std::runtime_error("the generator left its tree");
  return full.substr(tree_.size() + 1);
}

void judge_tree::remove(const std::string& name) {
  if (!sys::remove_tree(tree_ + "/" + name)) throw std::runtime_error("cannot remove " + name);
  folder_times_.erase(name);
  folder_times_.erase(folder_times_.lower_bound(name + "/"), folder_times_.lower_bound(name + "0"));
}

void judge_tree::apply(const tar_header& entry) {
  auto name = canonical(entry.name);
  auto path = tree_ + "/" + name;
  auto before = fs::symlink_status(path);
  if (entry.type == '5' && fs::is_directory(before)) drop_xattrs(path);
  if (entry.type != '5' && fs::is_directory(before)) remove(name);
  std::ofstream(archive_, std::ios::binary) << tar_writer().add(entry).finish();
  run_tar(archive_, tree_);
  if (entry.type == '5') folder_times_[name] = time_of(entry);
}

void judge_tree::hide(const std::string& name) { remove(canonical(name)); }

void judge_tree::hide_all(const std::string& folder) {
  auto inside = fs::canonical(tree_ + "/" + folder).string();
  for (const auto& item : fs::directory_iterator(inside)) remove(item.path().string().substr(tree_.size() + 1));
}

void judge_tree::end_layer() {
  auto put_back = [&](const std::string& name) {
    auto [seconds, nanoseconds] = folder_times_[name];
    const timespec times[2] = {{0, UTIME_OMIT}, {seconds, nanoseconds}};
    ::utimensat(AT_FDCWD, (tree_ + "/" + name).c_str(), times, AT_SYMLINK_NOFOLLOW);
  };
  put_back("");
  for (const auto& item : fs::recursive_directory_iterator(tree_)) {
    if (fs::is_directory(item.symlink_status())) put_back(item.path().string().substr(tree_.size() + 1));
  }
}

} // namespace gantry::test
