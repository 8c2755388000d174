#include "runtime/spec/spec.hpp"

#include "runtime/spec/edits.hpp"
#include "runtime/spec/explain.hpp"
#include "runtime/spec/linux.hpp"
#include "runtime/spec/mounts.hpp"
#include "runtime/spec/paths.hpp"
#include "runtime/spec/process.hpp"
#include "runtime/spec/resources.hpp"

namespace gantry::spec {
namespace {

constexpr std::size_t max_hostname = 64; // HOST_NAME_MAX, sethostname(2)

/// What several members are made from.
struct decided {
  process_user who;
  capability_set capabilities = 0, ambient = 0; ///< the ambient ones are among the others
  security_options security;
};

result<decided> decide(const spec_input& input, built_spec& built) {
  const auto& options = input.options;
  decided made;
  built.user = options.user.empty() ? input.image.user : options.user;
  GANTRY_TRY(check_text(built.user, "the user"));
  const group_request groups{options.group_add, options.identity.group, options.identity.memberships};
  GANTRY_LET(made.who, resolve_user(built.user, groups, merged_view(input.root_layers)));
  built.ids = {made.who.uid, made.who.gid, made.who.groups};
  GANTRY_LET(made.capabilities,
             effective_capabilities({options.cap_add, options.cap_drop, options.privileged}, input.facts));
  GANTRY_LET(made.ambient, capabilities_of(options.identity.ambient_caps, input.facts));
  made.capabilities |= made.ambient;
  GANTRY_LET(made.security, parse_security(input));
  GANTRY_LET(built.args, merge_arguments(options, input.image));
  if (options.init) built.args.insert(built.args.begin(), {"/sbin/docker-init", "--"});
  GANTRY_LET(built.env, merge_environment(input, made.who.home));
  GANTRY_LET(built.working_dir, working_directory(options, input.image));
  add_groups(made.who.groups, input.edits);
  return made;
}

result<json> process_json(const spec_input& input, const decided& made, built_spec& built) {
  json process = {{"terminal", input.options.tty},
                  {"user", user_json(made.who)},
                  {"args", built.args},
                  {"env", edited_environment(built.env, input.edits)},
                  {"cwd", built.working_dir},
                  {"capabilities", capabilities_json(made.capabilities, made.ambient, made.who.uid)}};
  if (input.options.tty) set_console(process, input.options.console);
  GANTRY_LET(auto limits, rlimits_json(input, built.warnings));
  if (!limits.empty()) process["rlimits"] = std::move(limits);
  process["noNewPrivileges"] = made.security.no_new_privileges;
  if (!made.security.apparmor_profile.empty()) process["apparmorProfile"] = made.security.apparmor_profile;
  if (!made.security.selinux_label.empty()) process["selinuxLabel"] = made.security.selinux_label;
  GANTRY_LET(process["oomScoreAdj"], oom_score(input, built.warnings));
  return process;
}

result<json> linux_json(const spec_input& input, const decided& made, std::string propagation, built_spec& built) {
  json part = json::object();
  GANTRY_LET(auto sysctls, sysctls_json(input));
  if (!sysctls.empty()) part["sysctl"] = std::move(sysctls);
  GANTRY_LET(auto resources, resources_json(input.options.resources, input.facts, built.warnings));
  GANTRY_LET(auto devices, plan_devices(input, made.who));
  resources["devices"] = std::move(devices.rules);
  if (input.options.resources.pids < 0) resources.erase("pids"); // a new cgroup has no limit, and crun 1.8 writes "-1"
  part["resources"] = std::move(resources);
  GANTRY_TRY(check_text(input.cgroup_path, "the cgroup path"));
  if (!input.cgroup_path.empty()) part["cgroupsPath"] = input.cgroup_path;
  GANTRY_LET(part["namespaces"], namespaces_json(input));
  if (has_own_users(input)) {
    part["uidMappings"] = id_maps_json(input.options.in_pod.uid_map);
    part["gidMappings"] = id_maps_json(input.options.in_pod.gid_map);
  }
  if (!devices.nodes.empty()) part["devices"] = std::move(devices.nodes);
  if (!propagation.empty()) part["rootfsPropagation"] = std::move(propagation);
  auto paths = paths_of(input, made.security);
  GANTRY_TRY(check_texts(paths.masked, "a masked path"));
  GANTRY_TRY(check_texts(paths.read_only, "a read-only path"));
  part["maskedPaths"] = std::move(paths.masked);
  part["readonlyPaths"] = std::move(paths.read_only);
  return part;
}

result<void> set_hostname(json& document, const spec_input& input) {
  if (!has_own_hostname(input) || input.hostname.empty()) return {};
  GANTRY_TRY(check_text(input.hostname, "the hostname"));
  if (input.hostname.size() > max_hostname)
    return fail(errc::invalid_argument, "hostname '{}' is longer than {} characters", input.hostname.substr(0, 80),
                max_hostname);
  document["hostname"] = input.hostname;
  return {};
}

result<void> set_stop_signal(const spec_input& input, built_spec& built) {
  const auto& asked = input.options.stop_signal;
  if (!asked.empty()) {
    GANTRY_LET(built.stop_signal, parse_signal(asked));
  } else if (!input.image.stop_signal.empty()) {
    if (const auto signal = parse_signal(input.image.stop_signal))
      built.stop_signal = *signal;
    else
      built.warnings.push_back("the image's stop signal is not known (" + signal.error().message + "): using SIGTERM");
  }
  return {};
}

result<built_spec> compose(const spec_input& input) {
  built_spec built;
  GANTRY_TRY(set_stop_signal(input, built));
  GANTRY_LET(const auto made, decide(input, built));
  GANTRY_LET(auto plan, plan_mounts(input));
  json document = {{"ociVersion", "1.0.2"}};
  GANTRY_LET(const auto process, process_json(input, made, built));
  built.process_json = to_text(process);
  document["root"] = {{"path", "rootfs"}, {"readonly", input.options.read_only_rootfs}};
  GANTRY_TRY(set_hostname(document, input));
  document["mounts"] = std::move(plan.mounts);
  if (!input.edits.hooks.empty()) {
    GANTRY_LET(document["hooks"], hooks_json(input.edits));
  }
  if (!input.options.annotations.empty()) document["annotations"] = input.options.annotations;
  GANTRY_LET(document["linux"], linux_json(input, made, std::move(plan.root_propagation), built));
  GANTRY_LET(built.seccomp_json, choose_seccomp(made.security, made.capabilities, input));
  built.other_json = to_text(document);
  if (input.notes == explanation::full) built.notes = explain(input, built);
  return built;
}

} // namespace

std::string built_spec::config_json() const {
  constexpr std::string_view before_process = "{\"process\":", before_seccomp = ",\"seccomp\":";
  std::string text;
  text.reserve(before_process.size() + process_json.size() + other_json.size() + before_seccomp.size() +
               (seccomp_json ? seccomp_json->size() : 0));
  text.append(before_process).append(process_json).append(",").append(other_json, 1);
  if (!seccomp_json) return text;
  text.resize(text.size() - 2); // within `linux`, the last member
  text.append(before_seccomp).append(*seccomp_json).append("}}");
  return text;
}

result<built_spec> build(const spec_input& input) {
  try { // nlohmann reports by exceptions; none is expected of documents that are only built
    return compose(input);
  } catch (const json::exception& broken) {
    return fail(errc::internal, "cannot write config.json of {}: {}", input.id, broken.what());
  }
}

} // namespace gantry::spec
