#include "tests/store/layer/image_generator.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace gantry::test {
namespace {

namespace fs = std::filesystem;

// A file capability, version 2: cap_net_bind_service, effective and permitted.
const std::string capability("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);

std::string join(const std::string& folder, const std::string& leaf) {
  return folder.empty() ? leaf : folder + "/" + leaf;
}

} // namespace

std::string image_generator::layer::whiteouts_after(std::size_t entries_before) const {
  tar_writer tar;
  for (std::size_t n = 0; n < entries_before; ++n) tar.add(entries[n]);
  for (const auto& h : whiteouts) tar.add(h);
  for (auto n = entries_before; n < entries.size(); ++n) tar.add(entries[n]);
  return tar.finish();
}

std::string image_generator::layer::scattered(unsigned seed) const {
  std::mt19937 random(seed);
  auto mixed = entries;
  for (const auto& h : whiteouts)
    mixed.insert(mixed.begin() + static_cast<std::ptrdiff_t>(random() % (mixed.size() + 1)), h);
  tar_writer tar;
  for (const auto& h : mixed) tar.add(h);
  return tar.finish();
}

std::string image_generator::leaf() {
  static const std::string names[] = {"a", "b", "c", "d", "e", "\xff\x01 odd", "f.wh.g"};
  return names[pick(std::size(names))];
}

// A folder that exists, "" for the root.
std::string image_generator::folder(bool through_symlinks) {
  std::string at;
  while (chance(60)) {
    std::vector<std::string> below;
    for (const auto& item : fs::directory_iterator(tree_.path() + "/" + at)) {
      std::error_code loop; // of symlinks
      if (!fs::is_directory(item.path(), loop)) continue;
      if (fs::is_symlink(item.symlink_status()) && (!through_symlinks || fs::read_symlink(item.path()).is_absolute()))
        continue;
      below.push_back(item.path().filename().string());
    }
    std::sort(below.begin(), below.end());
    if (below.empty()) break;
    at = join(at, below[pick(below.size())]);
  }
  return at;
}

std::string image_generator::any_path(bool through_symlinks) {
  auto at = folder(through_symlinks);
  std::vector<std::string> below;
  for (const auto& item : fs::directory_iterator(tree_.path() + "/" + at))
    below.push_back(item.path().filename().string());
  std::sort(below.begin(), below.end());
  return below.empty() ? at : join(at, below[pick(below.size())]);
}

void image_generator::whiteouts(layer& into, bool stands_alone) {
  std::vector<std::string> list_later;
  for (auto n = pick(4); n > 0; --n) {
    auto path = any_path(!stands_alone);
    if (path.empty()) continue;
    auto slash = path.rfind('/');
    auto parent = slash == std::string::npos ? "" : path.substr(0, slash);
    into.whiteouts.push_back(header(join(parent, ".wh." + path.substr(slash + 1)), '0'));
    into.through_symlinks = into.through_symlinks || tree_.canonical(path) != path;
    tree_.hide(path);
    list_later.push_back(path);
  }
  if (chance(25)) opaque_whiteout(into, stands_alone, list_later);
  // Whiteouts come before all else, whatever their place: only then may folders be made.
  for (const auto& path : list_later) list_parents(into, path);
  into.leading = into.entries.size();
}

void image_generator::opaque_whiteout(layer& into, bool stands_alone, std::vector<std::string>& list_later) {
  auto path = folder(!stands_alone);
  if (path.empty() && (stands_alone || chance(80))) return;
  if (!path.empty()) list_later.push_back(path + "/x");
  into.whiteouts.push_back(header(join(path, ".wh..wh..opq"), '0'));
  into.through_symlinks = into.through_symlinks || (!path.empty() && tree_.canonical(path + "/x") != path + "/x");
  tree_.hide_all(path);
}

tar_header image_generator::header(const std::string& name, char type) {
  static const std::uint64_t owners[] = {0, 0, 0, 1000, 65534, 4'000'000'000};
  tar_header h;
  h.name = name;
  h.type = type;
  h.mode = type == '2' ? 0777 : pick(01000) | 0400;
  if (chance(15)) h.mode |= 01000ULL << pick(3);
  if (type == '5') h.mode &= ~02000ULL; // folders that tar only implies would inherit it from the kernel
  h.uid = owners[pick(std::size(owners))];
  h.gid = owners[pick(std::size(owners))];
  h.mtime = static_cast<std::int64_t>(1'500'000'000 + pick(200'000'000));
  if (chance(50)) h.pax["mtime"] = fmt::format("{}.{:09}", h.mtime, pick(1'000'000'000));
  return h;
}

void image_generator::decorate(tar_header& h) {
  if (h.type == '0') h.content = std::string(pick(3000), static_cast<char>('a' + pick(26)));
  if ((h.type == '0' || h.type == '5') && chance(25)) h.pax["SCHILY.xattr.user.note"] = std::to_string(pick(1000));
  if (h.type == '0' && chance(15)) h.pax["SCHILY.xattr.security.capability"] = capability;
  if (h.type == '3' || h.type == '4') {
    h.major_number = 1 + pick(200);
    h.minor_number = pick(1000);
  }
}

// overlayfs cannot keep a lower file's other names when one of them is copied up, so those are left out (README).
bool image_generator::link(tar_header& h, bool stands_alone) {
  h.target = any_path(!stands_alone);
  struct stat status {
  }, old{};
  auto path = tree_.path() + "/" + h.target;
  if (h.target.empty() || ::lstat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) return false;
  auto own = own_.contains({status.st_dev, status.st_ino});
  if (!own && (stands_alone || status.st_nlink > 1)) return false;
  // In place of a folder that holds the target, or of the target itself, there would be nothing left to link to.
  if (::lstat((tree_.path() + "/" + h.name).c_str(), &old) == 0 &&
      (S_ISDIR(old.st_mode) || old.st_ino == status.st_ino))
    return false;
  // Nor when the way to the target leads through the symlink that it replaces.
  for (auto slash = h.target.find('/'); slash != std::string::npos; slash = h.target.find('/', slash + 1))
    if (tree_.canonical(h.target.substr(0, slash)) == tree_.canonical(h.name)) return false;
  // From a shallower folder, a symlink's "../" would lead out of the tree.
  if (S_ISLNK(status.st_mode) && depth(h.name) < depth(h.target)) return false;
  if (h.target.size() > 100) return false;
  return true;
}

std::string image_generator::symlink_target(const std::string& name) {
  if (chance(15)) return "/nowhere/absolute";
  if (chance(15)) return "dangling";
  std::string up;
  for (auto n = depth(name); n > 0; --n) up += "../";
  auto to = up + folder(false);
  return to.empty() ? "." : to;
}

// Of folders between it and the root, where its name really leads.
std::ptrdiff_t image_generator::depth(const std::string& name) const {
  return std::ranges::count(tree_.canonical(name), '/');
}

// A folder, also through symlinks, or nothing yet.
bool image_generator::may_hold(const std::string& name) const {
  const auto path = tree_.path() + "/" + name;
  std::error_code loop; // of symlinks
  return fs::is_directory(path, loop) || !fs::exists(fs::symlink_status(path));
}

// A name that may replace what it passes through itself: tar then starts again from the root, or fails.
bool image_generator::replaces_its_way(const std::string& name) const {
  auto real = tree_.canonical(name);
  auto there = fs::symlink_status(tree_.path() + "/" + real);
  return real != name && (fs::is_symlink(there) || fs::is_directory(there));
}

// As engines do: a changed file is preceded by the folders that it lies in.
void image_generator::list_parents(layer& into, const std::string& name) {
  for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    auto parent = name.substr(0, slash);
    if (listed_.contains(parent) || fs::is_symlink(fs::symlink_status(tree_.path() + "/" + parent))) continue;
    if (replaces_its_way(parent)) continue;
    if (auto above = parent.rfind('/'); above != std::string::npos && !may_hold(parent.substr(0, above))) return;
    add(into, header(parent + "/", '5'));
  }
}

void image_generator::add(layer& into, tar_header h) {
  auto name = h.name;
  while (name.ends_with('/')) name.pop_back();
  auto below = listed_.lower_bound(name + "/");
  if (h.type == '5')
    listed_.insert(name);
  else
    listed_.erase(below, listed_.lower_bound(name + "0"));
  if (h.type != '5') listed_.erase(name);
  tree_.apply(h);
  struct stat status {};
  if (::lstat((tree_.path() + "/" + name).c_str(), &status) == 0) own_.insert({status.st_dev, status.st_ino});
  into.entries.push_back(std::move(h));
}

image_generator::layer image_generator::next(bool stands_alone, std::size_t size) {
  static const char types[] = {'0', '0', '0', '0', '5', '5', '5', '5', '2', '2', '1', '1', '3', '4', '6'};
  layer made;
  own_.clear();
  listed_.clear();
  if (chance(30)) add(made, header("./", '5'));
  whiteouts(made, stands_alone);
  while (made.entries.size() < size) {
    auto name = join(folder(!stands_alone), leaf());
    if (!stands_alone && chance(15)) name = join(join(folder(true), fmt::format("n{}", pick(3))), leaf());
    if (name.find('/') != std::string::npos && !may_hold(name.substr(0, name.rfind('/')))) continue;
    if (replaces_its_way(name)) continue;
    auto h = header(name, types[pick(sizeof types)]);
    if (h.type == '1' && !link(h, stands_alone)) continue;
    if (h.type == '2') h.target = symlink_target(name);
    decorate(h);
    if (stands_alone || chance(50)) list_parents(made, name);
    add(made, std::move(h));
  }
  tree_.end_layer();
  return made;
}

} // namespace gantry::test
