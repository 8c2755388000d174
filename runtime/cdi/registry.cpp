#include "runtime/cdi/registry.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <set>

#include <fmt/ranges.h>

#include "messages/domain/quote.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::cdi {
namespace {

constexpr std::size_t max_file = 4 << 20, max_files = 1024; // of a folder

std::optional<format> format_of(std::string_view name) {
  if (name.ends_with(".json")) return format::json;
  if (name.ends_with(".yaml")) return format::yaml;
  return std::nullopt;
}

/// Names of the files that may be specs, sorted. Errors: of opendir(3).
result<std::set<std::string>> names_in(const std::string& folder) {
  std::set<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir) return fail_errno(errno, "read the folder {}", folder);
  while (const auto* entry = ::readdir(dir.get())) {
    if (!format_of(entry->d_name)) continue;
    if (names.size() == max_files) return fail(errc::exhausted, "{}: more than {} files", folder, max_files);
    names.insert(entry->d_name);
  }
  return names;
}

std::int64_t nanoseconds(const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; }

result<spec_file> read_file(const std::string& path) {
  GANTRY_LET(const auto text, sys::read_file(path, max_file));
  return read_spec(text, *format_of(path));
}

} // namespace

registry::registry(std::vector<std::string> folders) : folders_(std::move(folders)) {
  for (auto& one : folders_)
    while (one.size() > 1 && one.ends_with('/')) one.pop_back(); // so that a file's folder is told by its path
}

void registry::read_folder(const std::string& folder, std::map<std::string, known_file>& into) {
  const auto names = names_in(folder);
  if (!names) {
    if (names.error().os_errno != ENOENT) warnings_.push_back(names.error().message);
    return;
  }
  for (const auto& name : *names) {
    const auto path = folder + "/" + name;
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const stamp now{info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
    const auto before = files_.find(path);
    if (before != files_.end() && before->second.of == now)
      into.emplace(path, std::move(before->second));
    else
      into.emplace(path, known_file{now, read_file(path)});
  }
}

void registry::place_devices(std::size_t folder, const std::string& path, const spec_file& file) {
  for (const auto& one : file.devices) {
    auto name = file.kind;
    name.name = one.name;
    auto& at = devices_[to_string(name)];
    if (at.file != nullptr && at.folder == folder)
      at.rival = path;
    else
      at = {folder, path, &file, &one, {}};
  }
}

void registry::refresh() {
  warnings_.clear();
  devices_.clear();
  std::map<std::string, known_file> files;
  for (const auto& folder : folders_) read_folder(folder, files);
  files_ = std::move(files);
  for (std::size_t i = 0; i < folders_.size(); ++i)
    for (const auto& [path, file] : files_) {
      if (path.substr(0, path.rfind('/')) != folders_[i]) continue;
      if (file.content)
        place_devices(i, path, *file.content);
      else
        warnings_.push_back(path + ": " + file.content.error().message);
    }
  for (const auto& [name, at] : devices_)
    if (auto good = check(name, at); !good) warnings_.push_back(good.error().message);
}

result<void> registry::check(const std::string& name, const place& at) const {
  if (!at.rival.empty())
    return fail(errc::invalid_argument, "CDI device {} is in both {} and {}: remove one of them", name, at.path,
                at.rival);
  if (at.file->edits.intel_rdt || at.what->edits.intel_rdt)
    return fail(errc::invalid_argument, "CDI device {} ({}): containerEdits.intelRdt is not supported", name, at.path);
  return {};
}

tl::unexpected<error> registry::unknown(const std::string& name) const {
  if (folders_.empty())
    return fail(errc::invalid_argument, "CDI device {} is not known: cdi_spec_dirs names no folder", name);
  auto message = fmt::format("CDI device {} is not known: no file in {} has it", name, fmt::join(folders_, ", "));
  if (!warnings_.empty()) message += fmt::format(" (not understood: {})", fmt::join(warnings_, "; "));
  return fail(errc::invalid_argument, "{}", message);
}

result<container_edits> registry::find(const std::vector<std::string>& names) {
  refresh();
  container_edits made;
  std::set<const spec_file*> begun;
  for (const auto& name : names) {
    GANTRY_TRY(parse_device_name(name));
    const auto found = devices_.find(name);
    if (found == devices_.end()) return unknown(name);
    const auto& at = found->second;
    GANTRY_TRY(check(name, at));
    if (begun.insert(at.file).second) made.append(at.file->edits);
    made.append(at.what->edits);
  }
  return made;
}

registry::listing registry::list() {
  refresh();
  listing made;
  for (const auto& [name, at] : devices_)
    if (at.rival.empty()) made.names.push_back(name);
  made.warnings = warnings_;
  return made;
}

} // namespace gantry::cdi
