#include "messages/domain/record_fields.hpp"
#include "messages/domain/record_json.hpp"

namespace gantry {

template<>
inline constexpr auto names_of<mount_request::kind> = std::to_array<std::string_view>({"bind", "volume", "tmpfs",
                                                                                       "image"});
template<>
inline constexpr auto names_of<restart_policy::kind> = std::to_array<std::string_view>({"no", "on-failure", "always",
                                                                                        "unless-stopped"});
template<>
inline constexpr auto names_of<health_status> = std::to_array<std::string_view>({"starting", "healthy", "unhealthy"});
template<>
inline constexpr auto names_of<group_membership> = std::to_array<std::string_view>({"unless-group-named", "always",
                                                                                    "never"});
// Not to_string(phase): that is what Docker's clients are shown, and tells no starting from a created one.
template<>
inline constexpr auto names_of<phase> = std::to_array<std::string_view>({"created", "starting", "running", "paused",
                                                                         "restarting", "exited", "removing", "dead"});

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(console_size, height, width)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ulimit, name, soft, hard)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(device_mapping, host, container, permissions)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(mount_request, type, source, target, read_only, propagation,
                                                create_source, non_recursive, no_copy, tmpfs_size, tmpfs_options,
                                                labels, from_image, recursive_read_only, inherited, sub_path, uid_map,
                                                gid_map)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(restart_policy, name, maximum_retries)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(log_config, driver, max_size, max_files, compress, buffer, options)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(healthcheck, test, interval, timeout, start_period, start_interval,
                                                retries)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(probe_result, started_at, finished_at, exit_code, output)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(health_state, now, failing_streak, log)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(pod_member, pod, name, attempt, log_path, pid, pid_target, uid_map,
                                                gid_map)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(process_ids, uid, gid, groups)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(pod_identity, group, memberships, ambient_caps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(shown_again, isolation, volume_driver)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(
    container_options, image, entrypoint, cmd, env, working_dir, user, hostname, domainname, tty, open_stdin,
    stdin_once, console, attach_stdin, attach_stdout, attach_stderr, labels, annotations, stop_signal, stop_timeout,
    health, exposed_ports, mounts, volumes_from, resources, cap_add, cap_drop, privileged, read_only_rootfs, init,
    auto_remove, publish_all, security_opt, sysctls, shm_size, writable_memory, restart, log, network_mode, networks,
    pid_mode, ipc_mode, uts_mode, userns_mode, cgroupns_mode, extra_hosts, dns, dns_search, dns_options, ports,
    oom_score_adj, group_add, runtime, cgroup_parent, ulimits, devices, cdi_devices, device_cgroup_rules, masked_paths,
    readonly_paths, mac_address, in_pod, identity, shown)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(container_state, now, pid, pid_start_time, exit_code, oom_killed, error,
                                                started_at, finished_at, restart_count, stopped_by_user, launcher,
                                                health)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(resolved_mount, type, name, source, target, read_only, propagation,
                                                anonymous, recursive_read_only, layers, image, layer_folders, sub_path,
                                                uid_map, gid_map)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(container_record, name, display_name, sandbox, options, image_id,
                                                image_name, snapshot, layers, monitor, mounts, args, effective_user,
                                                effective_ids, effective_working_dir, effective_env, effective_health,
                                                created_at, log_path)

std::string to_json(const container_record& r) { return write_record(r); }
std::string to_json(const container_state& s) { return write_record(s); }

result<container_record> container_from_json(std::string_view json) {
  GANTRY_LET(auto record, read_record<container_record>(json, "a container"));
  if (record.name.id.empty()) return fail(errc::corrupt, "the record of a container has no id");
  return record;
}

result<container_state> container_state_from_json(std::string_view json) {
  return read_record<container_state>(json, "a container's state");
}

} // namespace gantry
