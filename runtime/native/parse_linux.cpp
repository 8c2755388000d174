#include <sys/personality.h>
#include <sys/stat.h>

#include "runtime/native/names.hpp"
#include "runtime/native/parse_parts.hpp"

namespace gantry::native {
namespace {

void read_namespace(json_fields& in, dom::element value, container_plan& plan) {
  std::string type;
  namespace_request request;
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "type") return in.get(member, type), true;
    if (key == "path") return in.get(member, request.path), true;
    return false;
  });
  const auto flag = namespace_flag(type);
  if (!flag) return in.unsupported(type);
  if (plan.find_namespace(*flag) != nullptr) return in.wrong("is there twice");
  if (!request.path.empty() && !request.path.starts_with('/')) return in.wrong("needs an absolute path");
  request.flag = *flag;
  plan.namespaces.push_back(std::move(request));
}

void read_mapping(json_fields& in, dom::element value, id_mapping& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "containerID") return in.get(member, plan.inside), true;
    if (key == "hostID") return in.get(member, plan.outside), true;
    if (key == "size") return in.get(member, plan.count), true;
    return false;
  });
}

void read_device(json_fields& in, dom::element value, device_node& plan) {
  std::string type;
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "type") return in.get(member, type), true;
    if (key == "path") return in.get(member, plan.path), true;
    if (key == "major") return in.get(member, plan.major), true;
    if (key == "minor") return in.get(member, plan.minor), true;
    if (key == "fileMode") return in.get(member, plan.mode), true;
    if (key == "uid") return in.get(member, plan.uid), true;
    if (key == "gid") return in.get(member, plan.gid), true;
    return false;
  });
  plan.type = type == "b" ? S_IFBLK : type == "p" ? S_IFIFO : S_IFCHR;
  if (type != "b" && type != "p" && type != "c" && type != "u") in.wrong("has no type of mknod(2)");
  if (!plan.path.starts_with('/')) return in.wrong("needs an absolute path");
  plan.path = clean_path(plan.path);
  plan.mode &= 07777;
}

void read_personality(json_fields& in, dom::element value, container_plan& plan) {
  std::string domain;
  std::vector<std::string> flags;
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "domain") return in.get(member, domain), true;
    if (key == "flags") return in.get(member, flags), true;
    return false;
  });
  if (!flags.empty()) return in.unsupported("flags");
  if (domain == "LINUX32") plan.personality = PER_LINUX32;
  if (domain != "LINUX32" && domain != "LINUX") in.unsupported(domain);
}

void read_pairs(json_fields& in, dom::element value, std::vector<key_value>& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    in.get(member, plan.emplace_back(key_value{std::string(key), {}}).value);
    return true;
  });
}

void read_root_propagation(json_fields& in, dom::element value, container_plan& plan) {
  std::string word;
  in.get(value, word);
  if (!word.empty() && !read_propagation(word, plan.root_propagation, plan.root_propagation_recursive))
    in.unsupported(word);
}

void read_time_offset(json_fields& in, dom::element value, time_offset& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "secs") return in.get(member, plan.seconds), true;
    if (key == "nanosecs") return in.get(member, plan.nanoseconds), true;
    return false;
  });
}

void read_time_offsets(json_fields& in, dom::element value, container_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "monotonic") return read_time_offset(in, member, plan.monotonic_offset), true;
    if (key == "boottime") return read_time_offset(in, member, plan.boottime_offset), true;
    return false;
  });
}

} // namespace

void read_id_mappings(json_fields& in, dom::element value, std::vector<id_mapping>& plan) {
  in.list(value, [&](dom::element one) { read_mapping(in, one, plan.emplace_back()); });
}

void read_linux(json_fields& in, dom::element value, container_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "namespaces") return in.list(member, [&](dom::element one) { read_namespace(in, one, plan); }), true;
    if (key == "uidMappings") return read_id_mappings(in, member, plan.uid_map), true;
    if (key == "gidMappings") return read_id_mappings(in, member, plan.gid_map), true;
    if (key == "devices")
      return in.list(member, [&](dom::element one) { read_device(in, one, plan.devices.emplace_back()); }), true;
    if (key == "cgroupsPath") return in.get(member, plan.cgroup_path), true;
    if (key == "resources") return read_resources(in, member, plan.resources), true;
    if (key == "sysctl") return read_pairs(in, member, plan.sysctls), true;
    if (key == "maskedPaths") return in.get(member, plan.masked), true;
    if (key == "readonlyPaths") return in.get(member, plan.read_only), true;
    if (key == "rootfsPropagation") return read_root_propagation(in, member, plan), true;
    if (key == "mountLabel") return in.get(member, plan.mount_label), true;
    if (key == "timeOffsets") return read_time_offsets(in, member, plan), true;
    if (key == "personality") return read_personality(in, member, plan), true;
    return key == "seccomp"; // read by itself; intelRdt, netDevices, memoryPolicy are not done
  });
}

} // namespace gantry::native
