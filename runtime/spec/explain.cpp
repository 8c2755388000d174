#include "runtime/spec/explain.hpp"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "runtime/spec/edits.hpp"

namespace gantry::spec {
namespace {

using notes = std::vector<origin_note>;

constexpr auto of_device = "--device, a CDI device";

bool among(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

void explain_arguments(const spec_input& input, const built_spec& built, notes& into) {
  const auto& options = input.options;
  const std::size_t own = options.entrypoint ? options.entrypoint->size() : 0;
  const std::size_t front = options.init ? 2 : 0;
  const std::size_t entry = options.entrypoint ? own : input.image.entrypoint.size();
  for (std::size_t i = 0; i < built.args.size(); ++i) {
    auto& note = into.emplace_back(origin_note{fmt::format("/process/args/{}", i), {}, {}});
    if (i < front)
      note.origin = "engine", note.why = "--init puts tini before the command";
    else if (i < front + entry)
      note.origin = own > 0 ? "user" : "image", note.why = own > 0 ? "--entrypoint" : "the image's Entrypoint";
    else
      note.origin = options.cmd.empty() ? "image" : "user",
      note.why = options.cmd.empty() ? "the image's Cmd" : "the command";
  }
}

void explain_environment(const spec_input& input, const built_spec& built, notes& into) {
  const auto env = edited_environment(built.env, input.edits);
  for (std::size_t i = 0; i < env.size(); ++i) {
    const auto& one = env[i];
    const bool device = among(input.edits.env, one);
    const bool user = device || among(input.options.env, one), image = among(input.image.env, one);
    std::string why = one.starts_with("HOME=")       ? "the user's home in the image's /etc/passwd"
                      : one.starts_with("HOSTNAME=") ? "the container's hostname"
                      : one.starts_with("TERM=")     ? "a terminal was asked for"
                                                     : "the default search path";
    if (user || image) why = device ? of_device : user ? "-e" : "the image's Env";
    into.push_back({fmt::format("/process/env/{}", i), user ? "user" : image ? "image" : "engine", std::move(why)});
  }
}

void explain_process(const spec_input& input, notes& into) {
  const auto& options = input.options;
  const auto three = [&](std::string pointer, bool user, bool image, std::string_view option,
                         std::string_view otherwise) {
    into.push_back({std::move(pointer),
                    user    ? "user"
                    : image ? "image"
                            : "engine",
                    std::string(user    ? option
                                : image ? "the image's config"
                                        : otherwise)});
  };
  three("/process/user", !options.user.empty(), !input.image.user.empty(), "-u", "root");
  three("/process/cwd", !options.working_dir.empty(), !input.image.working_dir.empty(), "-w", "the root folder");
  three("/process/terminal", options.tty, false, "-t", "no terminal was asked for");
  const bool caps = options.privileged || !options.cap_add.empty() || !options.cap_drop.empty();
  three("/process/capabilities", caps, false, "--cap-add, --cap-drop or --privileged",
        "the 14 that a container needs and can hold without harm to the host");
  three("/process/noNewPrivileges", !options.security_opt.empty(), false, "--security-opt", "setuid programs work");
  const bool host_score = options.oom_score_adj.value_or(0) < input.facts.oom_score_adj && !input.facts.sys_resource;
  into.push_back({"/process/oomScoreAdj",
                  host_score              ? "host"
                  : options.oom_score_adj ? "user"
                                          : "engine",
                  host_score ? "the engine may not go below its own score" : "--oom-score-adj, or 0"});
}

void explain_rlimits(const spec_input& input, const json& document, notes& into) {
  std::size_t i = 0;
  for (const auto& limit : document["process"].value("rlimits", json::array())) {
    const auto type = limit.value("type", std::string());
    const bool user = std::any_of(input.options.ulimits.begin(), input.options.ulimits.end(), [&](const ulimit& one) {
      std::string upper = one.name;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      return type == "RLIMIT_" + upper;
    });
    into.push_back({fmt::format("/process/rlimits/{}", i++), user ? "user" : "engine",
                    user ? "--ulimit" : "the engine's default-ulimits"});
  }
}

void explain_mounts(const spec_input& input, const json& document, notes& into) {
  std::size_t i = 0;
  for (const auto& mount : document["mounts"]) {
    const auto target = mount.value("destination", std::string());
    const auto asked =
        std::find_if(input.mounts.begin(), input.mounts.end(), [&](const auto& one) { return one.target == target; });
    const auto tmpfs = std::find_if(input.options.mounts.begin(), input.options.mounts.end(),
                                    [&](const auto& one) { return one.target == target; });
    const auto& edits = input.edits.mounts;
    const bool device =
        std::any_of(edits.begin(), edits.end(), [&](const auto& one) { return one.container_path == target; });
    origin_note note{fmt::format("/mounts/{}", i++), "engine", "every container has it"};
    if (device)
      note.origin = "user", note.why = of_device;
    else if (tmpfs != input.options.mounts.end() && tmpfs->from_image)
      note.origin = "image", note.why = "the image's VOLUME";
    else if (asked != input.mounts.end() || tmpfs != input.options.mounts.end())
      note.origin = "user", note.why = "-v, --mount or --tmpfs";
    else if (target.starts_with("/etc/"))
      note.why = "written by the engine for this container";
    else if (target.starts_with("/sys/fs/cgroup"))
      note.origin = "host", note.why = "its cgroups are " + std::string(cgroup::to_string(input.facts.cgroups.how));
    into.push_back(std::move(note));
  }
}

void explain_linux(const spec_input& input, const json& document, notes& into) {
  const auto& options = input.options;
  const auto note = [&](std::string pointer, bool user, std::string_view option, std::string_view otherwise) {
    into.push_back({std::move(pointer), user ? "user" : "engine", std::string(user ? option : otherwise)});
  };
  const auto& linux_part = document["linux"];
  std::size_t i = 0;
  for (const auto& one : linux_part["namespaces"]) {
    const bool joined = one.contains("path") && one.value("type", std::string()) != "network";
    note(fmt::format("/linux/namespaces/{}", i++), joined, "joins another container's", "its own");
  }
  for (const auto& [name, value] : linux_part["resources"].items())
    note("/linux/resources/" + name, name != "devices" || !options.devices.empty() || !options.cdi_devices.empty(),
         "limits or devices asked for", "nothing but the default devices");
  const auto sysctls = linux_part.value("sysctl", json::object()); // items() only refers to it
  for (const auto& [name, value] : sysctls.items())
    note("/linux/sysctl/" + name, options.sysctls.contains(name), "--sysctl",
         "as docker sets it in a network of its own");
  note("/linux/cgroupsPath", !options.cgroup_parent.empty(), "--cgroup-parent", "below the engine's own");
  note("/linux/maskedPaths", options.masked_paths || options.privileged, "asked for", "would leak facts of the host");
  note("/linux/readonlyPaths", options.readonly_paths || options.privileged, "asked for", "would change the host");
  if (linux_part.contains("seccomp"))
    note("/linux/seccomp", !options.security_opt.empty(), "--security-opt seccomp, or the engine's profile",
         "the engine's profile, for these capabilities, on this architecture (" + input.facts.architecture + ")");
}

} // namespace

std::vector<origin_note> explain(const spec_input& input, const built_spec& built) {
  notes list = {{"/ociVersion", "engine", "the runtime-spec that the document follows"},
                {"/root/path", "engine", "where the image's layers are mounted in the bundle"},
                {"/root/readonly", input.options.read_only_rootfs ? "user" : "engine", "--read-only, or writable"}};
  const auto document = json::parse(built.config_json(), nullptr, false);
  if (document.is_discarded()) return list;
  explain_arguments(input, built, list);
  explain_environment(input, built, list);
  explain_process(input, list);
  explain_rlimits(input, document, list);
  if (document.contains("hostname"))
    list.push_back({"/hostname", input.options.hostname.empty() ? "engine" : "user",
                    input.options.hostname.empty() ? "the id's first 12 characters" : "--hostname"});
  explain_mounts(input, document, list);
  explain_linux(input, document, list);
  if (document.contains("hooks")) list.push_back({"/hooks", "user", of_device});
  for (const auto& [name, value] : input.options.annotations)
    list.push_back({"/annotations/" + name, "user", "--annotation"});
  return list;
}

} // namespace gantry::spec
