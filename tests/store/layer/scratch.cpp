#include "tests/store/layer/scratch.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include "runtime/sys/files.hpp"
#include "store/layer/entry.hpp"
#include "store/layer/entry_name.hpp"
#include "tests/store/layer/sources.hpp"

namespace gantry::test {
namespace {

namespace fs = std::filesystem;

std::string xattrs_of(const std::string& path) {
  std::string names(65536, '\0'), text;
  auto size = ::llistxattr(path.c_str(), names.data(), names.size());
  names.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  std::map<std::string, std::string> found;
  for (std::size_t at = 0; at < names.size();) {
    std::string name = names.c_str() + at, value(65536, '\0');
    at += name.size() + 1;
    auto got = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    value.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    if (!name.starts_with("trusted.overlay.")) found[name] = value;
  }
  for (const auto& [name, value] : found) text += " " + name + "=" + store::printable(value);
  return text;
}

std::string content_of(const std::string& path, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) return " -> " + fs::read_symlink(path).string();
  if (!S_ISREG(status.st_mode)) return "";
  std::ifstream in(path, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), {});
  return fmt::format(" {}:{}", content.size(), std::hash<std::string>{}(content));
}

std::string line(const std::string& name, const std::string& path, const struct stat& s) {
  auto is_device = S_ISCHR(s.st_mode) || S_ISBLK(s.st_mode);
  return fmt::format("{} {:o} {}:{} {}.{:09} {}:{}{}{}", store::printable(name.empty() ? "." : name), s.st_mode,
                     s.st_uid, s.st_gid, s.st_mtim.tv_sec, s.st_mtim.tv_nsec, is_device ? major(s.st_rdev) : 0,
                     is_device ? minor(s.st_rdev) : 0, content_of(path, s), xattrs_of(path));
}

void walk(const std::string& root, const std::string& name, std::map<std::string, struct stat>& into) {
  struct stat status {};
  auto path = name.empty() ? root : root + "/" + name;
  if (::lstat(path.c_str(), &status) != 0) {
    into[name] = status; // listed, yet not there: shows as type 0
    return;
  }
  into[name] = status;
  if (!S_ISDIR(status.st_mode)) return;
  for (const auto& item : fs::directory_iterator(path))
    walk(root, name.empty() ? item.path().filename().string() : name + "/" + item.path().filename().string(), into);
}

// In the child: everything is gone with it.
int mount_and_describe(const std::string& options, const std::string& at, const std::string& report) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
  if (::mount("overlay", at.c_str(), "overlay", MS_RDONLY, options.c_str()) != 0) return 3;
  std::ofstream out(report);
  for (const auto& text : describe(at)) out << text << '\n';
  out.close();
  return ::umount(at.c_str()) == 0 ? 0 : 4;
}

} // namespace

scratch::scratch() : path_("/tmp/gantry-test-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
}
scratch::~scratch() { (void)sys::remove_tree(path_); }

std::string scratch::folder(const std::string& name) const {
  auto path = path_ + "/" + name;
  if (::mkdir(path.c_str(), 0755) != 0) throw std::runtime_error("mkdir " + path);
  return path;
}

result<store::extracted_layer> extract(const std::string& tar, const std::string& folder,
                                       const store::parent_view* parents, store::layer_limits limits) {
  string_source source(tar, 10'000);
  return store::extract_layer(source, compression::none, folder, limits, {}, parents);
}

std::vector<std::string> describe(const std::string& folder) {
  std::map<std::string, struct stat> found;
  walk(folder, "", found);
  std::map<std::pair<dev_t, ino_t>, std::string> first;
  std::vector<std::string> lines;
  for (const auto& [name, status] : found) {
    auto text = line(name, name.empty() ? folder : folder + "/" + name, status);
    auto [at, added] = first.try_emplace({status.st_dev, status.st_ino}, name);
    if (!added) text += " same as " + store::printable(at->second);
    lines.push_back(std::move(text));
  }
  return lines;
}

std::vector<std::string> describe_mounted(const scratch& where, const std::vector<std::string>& layers) {
  static int counter = 0;
  auto id = std::to_string(++counter);
  auto upper = where.folder("upper" + id), at = where.folder("mount" + id), report = where / ("report" + id);
  if (!store::inherit_root(upper, {layers})) throw std::runtime_error("inherit_root");
  auto options = "index=off,redirect_dir=off,metacopy=off,lowerdir=" + upper;
  for (const auto& layer : layers) options += ":" + layer;
  if (layers.empty()) options += ":" + where.folder("empty" + id);
  auto child = ::fork();
  if (child == 0) ::_exit(mount_and_describe(options, at, report));
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("mounting the layers failed: " + std::to_string(status));
  std::vector<std::string> lines;
  std::ifstream in(report);
  for (std::string text; std::getline(in, text);) lines.push_back(text);
  return lines;
}

} // namespace gantry::test
