#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "runtime/native/mount_flags.hpp"
#include "runtime/native/mount_parts.hpp"
#include "runtime/native/names.hpp"
#include "runtime/native/parse_parts.hpp"

namespace gantry::native {
namespace {

constexpr std::size_t max_option_value = 256; // with its '=': fsconfig(2) takes no longer string

/// An option of mount(8) as bits to set and to clear (runtime-spec config.md, "Linux mount options").
struct option {
  std::string_view name;
  std::uint64_t set = 0, clear = 0;
};
constexpr std::array<option, 21> options = {{{"ro", MOUNT_ATTR_RDONLY, 0},
                                             {"rw", 0, MOUNT_ATTR_RDONLY},
                                             {"nosuid", MOUNT_ATTR_NOSUID, 0},
                                             {"suid", 0, MOUNT_ATTR_NOSUID},
                                             {"nodev", MOUNT_ATTR_NODEV, 0},
                                             {"dev", 0, MOUNT_ATTR_NODEV},
                                             {"noexec", MOUNT_ATTR_NOEXEC, 0},
                                             {"exec", 0, MOUNT_ATTR_NOEXEC},
                                             {"noatime", MOUNT_ATTR_NOATIME, attr_atime},
                                             {"atime", 0, attr_atime},
                                             {"relatime", MOUNT_ATTR_RELATIME, attr_atime},
                                             {"norelatime", 0, attr_atime},
                                             {"strictatime", MOUNT_ATTR_STRICTATIME, attr_atime},
                                             {"nostrictatime", 0, attr_atime},
                                             {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
                                             {"diratime", 0, MOUNT_ATTR_NODIRATIME},
                                             {"nosymfollow", attr_nosymfollow, 0},
                                             {"symfollow", 0, attr_nosymfollow},
                                             {"defaults", 0, 0},
                                             {"loud", 0, 0},
                                             {"nomand", 0, 0}}};

const option* find(std::string_view name) {
  for (const auto& one : options)
    if (one.name == name) return &one;
  return nullptr;
}

void apply(std::uint64_t& set, std::uint64_t& clear, const option& one) {
  set = (set & ~(one.clear)) | one.set;
  clear = (clear & ~one.set) | one.clear;
}

void add_option(json_fields& in, const std::string& word, mount_entry& plan) {
  if (word == "bind" || word == "rbind") {
    plan.bind = true;
    plan.recursive = word == "rbind";
  } else if (word == "idmap" || word == "ridmap") {
    plan.mapped = word == "idmap" ? id_mapped::this_mount : id_mapped::recursively;
  } else if (word == "remount" || word == "tmpcopyup") {
    (word == "remount" ? plan.remount : plan.copy_up) = true;
  } else if (read_propagation(word, plan.propagation, plan.propagation_recursive)) {
    return;
  } else if (const auto* plain = find(word)) {
    apply(plan.set, plan.clear, *plain);
  } else if (const auto* deep = word.starts_with('r') ? find(std::string_view(word).substr(1)) : nullptr;
             deep != nullptr && word != "rdefaults" && word != "rloud" && word != "rnomand") {
    apply(plan.rset, plan.rclear, *deep);
  } else if (word == "iversion") {
    in.unsupported(word);
  } else {
    plan.data.push_back(word);
  }
}

/// What an option needs of the mount that it is given to.
void check_kind(json_fields& in, mount_entry& plan) {
  for (const auto& option : plan.data)
    if (option.size() - std::min(option.size(), option.find('=')) > max_option_value &&
        layers_one_by_one(plan.type, option).empty())
      in.unsupported("a mount option over 255 bytes");
  if (plan.copy_up && (plan.type != "tmpfs" || plan.bind || plan.remount)) in.wrong("has tmpcopyup, and is no tmpfs");
  if (plan.uid_map.empty() != plan.gid_map.empty()) in.wrong("needs both uidMappings and gidMappings");
  if (!plan.uid_map.empty() && plan.mapped == id_mapped::no) plan.mapped = id_mapped::this_mount;
  if (plan.mapped == id_mapped::no) return;
  if (!plan.bind) in.unsupported("idmap of a mount that is no bind");
  if (plan.remount) in.unsupported("idmap of a remount");
}

void read_mount(json_fields& in, dom::element value, mount_entry& plan) {
  std::vector<std::string> words;
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "destination") return in.get(member, plan.target), true;
    if (key == "type") return in.get(member, plan.type), true;
    if (key == "source") return in.get(member, plan.source), true;
    if (key == "options") return in.get(member, words), true;
    if (key == "uidMappings") return read_id_mappings(in, member, plan.uid_map), true;
    if (key == "gidMappings") return read_id_mappings(in, member, plan.gid_map), true;
    return false;
  });
  plan.bind = plan.type == "bind";
  plan.recursive = false;
  for (const auto& word : words)
    if (!word.empty()) add_option(in, word, plan);
  // runc takes a relative target for one below the root, so that old documents work.
  if (plan.target.empty()) return in.wrong("has no destination");
  plan.target = clean_path(plan.target);
  if (plan.target == "/") return in.unsupported("a mount over /");
  if (plan.bind && plan.source.empty()) return in.wrong("is a bind without a source");
  if (!plan.bind && plan.type.empty()) return in.wrong("has no type");
  // A bind shares its source's file system, and mount(2) does not look at the file system's options.
  if (plan.bind) plan.data.clear();
  check_kind(in, plan);
}

} // namespace

bool read_propagation(std::string_view word, std::uint32_t& flag, bool& recursive) {
  struct known {
    std::string_view name;
    std::uint32_t flag;
  };
  constexpr std::array<known, 4> words = {
      {{"private", MS_PRIVATE}, {"shared", MS_SHARED}, {"slave", MS_SLAVE}, {"unbindable", MS_UNBINDABLE}}};
  for (const auto& one : words) {
    const bool deep = word.starts_with('r') && word.substr(1) == one.name;
    if (word != one.name && !deep) continue;
    flag = one.flag;
    recursive = deep;
    return true;
  }
  return false;
}

void read_mounts(json_fields& in, dom::element value, std::vector<mount_entry>& plan) {
  in.list(value, [&](dom::element one) { read_mount(in, one, plan.emplace_back()); });
}

} // namespace gantry::native
