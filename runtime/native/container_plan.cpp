#include "runtime/native/container_plan.hpp"

#include <type_traits>

#include "runtime/sys/wire.hpp"

// Fields in the order in which they are packed. Both ends are one build of one program: no version is needed.

namespace gantry {
template<class T, class Wanted>
concept is = std::is_same_v<std::remove_const_t<T>, Wanted>;
} // namespace gantry

namespace gantry::sys {
template<is<overlay_plan> T>
auto fields_of(T& o) {
  return std::tie(o.lower, o.upper, o.work, o.target, o.volatile_upper, o.memory, o.users, o.root_uid, o.root_gid);
}
template<is<sys::borrowed_mount> T>
auto fields_of(T& m) {
  return std::tie(m.mount_namespace, m.target);
}
template<is<file_mount> T>
auto fields_of(T& f) {
  return std::tie(f.target, f.files, f.uid, f.gid);
}
} // namespace gantry::sys

namespace gantry::native {
namespace {

template<is<id_mapping> T>
auto fields_of(T& m) {
  return std::tie(m.inside, m.outside, m.count);
}
template<is<time_offset> T>
auto fields_of(T& t) {
  return std::tie(t.seconds, t.nanoseconds);
}
template<is<scheduler_plan> T>
auto fields_of(T& s) {
  return std::tie(s.policy, s.flags, s.nice, s.priority, s.runtime, s.deadline, s.period);
}
template<is<namespace_request> T>
auto fields_of(T& n) {
  return std::tie(n.flag, n.path);
}
template<is<mount_entry> T>
auto fields_of(T& m) {
  return std::tie(m.target, m.type, m.source, m.bind, m.recursive, m.set, m.clear, m.rset, m.rclear, m.propagation,
                  m.propagation_recursive, m.data, m.remount, m.copy_up, m.mapped, m.uid_map, m.gid_map);
}
template<is<mapped_mount> T>
auto fields_of(T& m) {
  return std::tie(m.source, m.target, m.recursive, m.users, m.uid_map, m.gid_map, m.layers, m.sub_path);
}
template<is<device_node> T>
auto fields_of(T& d) {
  return std::tie(d.path, d.type, d.major, d.minor, d.mode, d.uid, d.gid);
}
template<is<device_rule> T>
auto fields_of(T& d) {
  return std::tie(d.allow, d.type, d.major, d.minor, d.access);
}
template<is<rlimit_entry> T>
auto fields_of(T& l) {
  return std::tie(l.resource, l.soft, l.hard);
}
template<is<key_value> T>
auto fields_of(T& k) {
  return std::tie(k.key, k.value);
}
template<is<capability_sets> T>
auto fields_of(T& c) {
  return std::tie(c.bounding, c.effective, c.permitted, c.inheritable, c.ambient);
}
template<is<process_plan> T>
auto fields_of(T& p) {
  return std::tie(p.args, p.env, p.cwd, p.terminal, p.rows, p.columns, p.uid, p.gid, p.umask, p.groups, p.capabilities,
                  p.rlimits, p.no_new_privileges, p.apparmor_profile, p.selinux_label, p.oom_score_adj, p.scheduler,
                  p.io_priority, p.cpus_before, p.cpus_after, p.unknown_capabilities);
}
template<is<seccomp_plan> T>
auto fields_of(T& s) {
  return std::tie(s.program, s.flags);
}
template<is<hook> T>
auto fields_of(T& h) {
  return std::tie(h.path, h.args, h.env, h.timeout_seconds);
}
template<is<hook_lists> T>
auto fields_of(T& h) {
  return std::tie(h.prestart, h.create_runtime, h.create_container, h.start_container, h.poststart, h.poststop);
}
template<is<device_value> T>
auto fields_of(T& d) {
  return std::tie(d.major, d.minor, d.value);
}
template<is<resource_plan> T>
auto fields_of(T& r) {
  return std::tie(r.memory_limit, r.memory_reservation, r.memory_swap, r.swappiness, r.disable_oom_killer, r.cpu_shares,
                  r.cpu_period, r.cpu_quota, r.cpu_burst, r.cpu_idle, r.cpus, r.mems, r.pids, r.io_weight,
                  r.io_weight_device, r.read_bps, r.write_bps, r.read_iops, r.write_iops, r.huge_pages, r.net_class,
                  r.net_priorities, r.unified, r.devices);
}
template<is<container_plan> T>
auto fields_of(T& c) {
  return std::tie(c.process, c.root, c.root_read_only, c.root_propagation, c.root_propagation_recursive, c.overlay,
                  c.files, c.shm, c.mapped, c.hostname, c.domainname, c.mounts, c.namespaces, c.uid_map, c.gid_map,
                  c.monotonic_offset, c.boottime_offset, c.devices, c.cgroup_path, c.resources, c.sysctls,
                  c.annotations, c.masked, c.read_only, c.mount_label, c.seccomp, c.personality, c.hooks);
}

template<class T>
concept has_fields = requires(T& value) {
  fields_of(value);
};
template<class T>
inline constexpr bool is_optional = false;
template<class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template<class T>
inline constexpr bool is_vector = false;
template<class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template<class T>
void put(sys::wire_writer& out, const T& value) {
  if constexpr (is_optional<T>) {
    out.put(value.has_value());
    if (value) put(out, *value);
  } else if constexpr (is_vector<T>) {
    out.put(static_cast<std::uint32_t>(value.size()));
    for (const auto& element : value) put(out, element);
  } else if constexpr (has_fields<const T>) {
    std::apply([&](const auto&... field) { (put(out, field), ...); }, fields_of(value));
  } else {
    out.put(value);
  }
}

template<class T>
void get(sys::wire_reader& in, T& value) {
  if constexpr (is_optional<T>) {
    if (in.read<bool>()) get(in, value.emplace());
  } else if constexpr (is_vector<T>) {
    auto count = in.read<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) get(in, value.emplace_back());
  } else if constexpr (has_fields<T>) {
    std::apply([&](auto&... field) { (get(in, field), ...); }, fields_of(value));
  } else {
    in.get(value);
  }
}

template<class T>
std::string encoded(const T& value) {
  sys::wire_writer out;
  put(out, value);
  return out.take();
}

template<class T>
result<T> decoded(std::string_view bytes) {
  sys::wire_reader in(bytes);
  T value;
  get(in, value);
  if (!in.done()) return fail(errc::corrupt, "a container's plan has the wrong form");
  return value;
}

} // namespace

std::string encode(const container_plan& plan) { return encoded(plan); }
result<container_plan> decode_container_plan(std::string_view bytes) { return decoded<container_plan>(bytes); }
std::string encode(const process_plan& plan) { return encoded(plan); }
std::string encode(const resource_plan& plan) { return encoded(plan); }
std::string encode(const std::vector<mapped_mount>& all) { return encoded(all); }
result<std::vector<mapped_mount>> decode_mapped_mounts(std::string_view bytes) {
  return decoded<std::vector<mapped_mount>>(bytes);
}
result<process_plan> decode_process_plan(std::string_view bytes) { return decoded<process_plan>(bytes); }

} // namespace gantry::native
