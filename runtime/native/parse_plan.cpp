#include "runtime/native/parse_plan.hpp"

#include <sched.h>

#include <algorithm>
#include <array>

#include "runtime/native/names.hpp"
#include "runtime/native/parse_parts.hpp"
#include "runtime/native/seccomp_filter.hpp"

namespace gantry::native {
namespace {

constexpr std::size_t max_document = 16 << 20;
constexpr std::size_t usual_document = 256 << 10;

/// kernel.* values that an IPC namespace holds (ipc_namespaces(7)).
constexpr std::array<std::string_view, 9> ipc_sysctls = {
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",          "kernel.sem",        "kernel.shmall",
    "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.auto_msgmni"};

result<void> check_sysctl(const container_plan& plan, const std::string& name) {
  auto needs = [&](std::uint32_t flag, const char* kind) -> result<void> {
    if (plan.find_namespace(flag) != nullptr) return {};
    return fail(errc::invalid_argument, "sysctl \"{}\" is not allowed in the hosts {} namespace", name, kind);
  };
  if (name.find("..") != std::string::npos || name.find("//") != std::string::npos || name.starts_with('/'))
    return fail(errc::invalid_argument, "sysctl \"{}\" is not a name", name);
  if (name.starts_with("net.") || name.starts_with("net/")) return needs(CLONE_NEWNET, "network");
  if (name == "kernel.domainname") return needs(CLONE_NEWUTS, "UTS");
  if (name.starts_with("fs.mqueue.") || std::find(ipc_sysctls.begin(), ipc_sysctls.end(), name) != ipc_sysctls.end())
    return needs(CLONE_NEWIPC, "ipc");
  return fail(errc::invalid_argument, "sysctl \"{}\" is not in a separate kernel namespace", name);
}

result<void> check(const container_plan& plan) {
  if (plan.root.empty()) return fail(errc::invalid_argument, "config.json: root.path is missing");
  if (plan.process.args.empty() || plan.process.args.front().empty())
    return fail(errc::invalid_argument, "process args must not be empty");
  if (!plan.process.cwd.starts_with('/'))
    return fail(errc::invalid_argument, "Cwd must be an absolute path: {}", plan.process.cwd);
  const bool own_uts = plan.find_namespace(CLONE_NEWUTS) != nullptr;
  if (!own_uts && !(plan.hostname.empty() && plan.domainname.empty()))
    return fail(errc::invalid_argument, "unable to set hostname without a private UTS namespace");
  for (const auto& one : plan.sysctls) GANTRY_TRY(check_sysctl(plan, one.key));
  const auto* users = plan.find_namespace(CLONE_NEWUSER);
  const bool mapped = !plan.uid_map.empty() && !plan.gid_map.empty();
  if (users != nullptr ? users->path.empty() && !mapped : !(plan.uid_map.empty() && plan.gid_map.empty()))
    return fail(errc::invalid_argument, "user namespaces need uidMappings and gidMappings, and these a user namespace");
  for (const auto& one : plan.mounts)
    if (one.mapped != id_mapped::no && one.uid_map.empty() && users == nullptr)
      return fail(errc::invalid_argument, "mount {}: idmap needs uidMappings and gidMappings, or a user namespace",
                  one.target);
  const auto* time = plan.find_namespace(CLONE_NEWTIME);
  const auto is_set = [](const time_offset& by) { return by.seconds != 0 || by.nanoseconds != 0; };
  if ((is_set(plan.monotonic_offset) || is_set(plan.boottime_offset)) && (time == nullptr || !time->path.empty()))
    return fail(errc::invalid_argument, "timeOffsets need a new time namespace");
  return {};
}

/// What is well formed but has no way here.
void refuse_namespaces(json_fields& in, const container_plan& plan) {
  const auto* mounts = plan.find_namespace(CLONE_NEWNS);
  // Its mounts would be made on the host, and stay there.
  if (mounts == nullptr) in.unsupported("linux.namespaces: a container without a mount namespace");
}

void read_root(json_fields& in, dom::element value, container_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "path") return in.get(member, plan.root), true;
    if (key == "readonly") return in.get(member, plan.root_read_only), true;
    return false;
  });
}

void read_annotations(json_fields& in, dom::element value, container_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    in.get(member, plan.annotations.emplace_back(key_value{std::string(key), {}}).value);
    return true;
  });
}

void read_document(json_fields& in, dom::element document, container_plan& plan) {
  constexpr std::array<std::string_view, 4> elsewhere = {"vm", "windows", "solaris", "zos"};
  in.object(document, [&](std::string_view key, dom::element member) {
    if (key == "process") return read_process(in, member, plan.process), true;
    if (key == "root") return read_root(in, member, plan), true;
    if (key == "hostname") return in.get(member, plan.hostname), true;
    if (key == "domainname") return in.get(member, plan.domainname), true;
    if (key == "mounts") return read_mounts(in, member, plan.mounts), true;
    if (key == "hooks") return read_hooks(in, member, plan.hooks), true;
    if (key == "annotations") return read_annotations(in, member, plan), true;
    if (key == "linux") return read_linux(in, member, plan), true;
    return std::find(elsewhere.begin(), elsewhere.end(), key) == elsewhere.end(); // others may be ignored by the spec
  });
}

/// The text of linux.seccomp: the key under which its filter is kept.
std::string_view seccomp_text(const simdjson::padded_string& text) {
  static thread_local simdjson::ondemand::parser parser;
  if (parser.capacity() > usual_document) parser = simdjson::ondemand::parser();
  simdjson::ondemand::document document;
  simdjson::ondemand::object found;
  std::string_view raw;
  if (parser.iterate(text).get(document) != simdjson::SUCCESS) return {};
  if (document["linux"]["seccomp"].get_object().get(found) != simdjson::SUCCESS) return {};
  return found.raw_json().get(raw) == simdjson::SUCCESS ? raw : std::string_view();
}

/// Parses `text` and has `read` take the document apart.
template<class F>
result<void> with_document(const simdjson::padded_string& text, F&& read) {
  // Kept between documents: its buffers are pages that the kernel would else have to clear for each.
  static thread_local simdjson::dom::parser parser(max_document);
  if (parser.capacity() > usual_document) parser = simdjson::dom::parser(max_document);
  dom::element document;
  if (auto problem = parser.parse(text).get(document); problem != simdjson::SUCCESS)
    return fail(errc::invalid_argument, "config.json is not JSON: {}", simdjson::error_message(problem));
  json_fields in;
  read(in, document);
  return in.outcome();
}

} // namespace

result<container_plan> parse_plan(std::string_view config_json) {
  const simdjson::padded_string text(config_json);
  container_plan plan;
  GANTRY_TRY(with_document(text, [&](json_fields& in, dom::element document) {
    read_document(in, document, plan);
    if (in.ok()) refuse_namespaces(in, plan);
  }));
  GANTRY_TRY(check(plan));
  GANTRY_LET(plan.seccomp, compile_seccomp(seccomp_text(text)));
  return plan;
}

result<process_plan> parse_process(std::string_view process_json) {
  process_plan plan;
  GANTRY_TRY(with_document(simdjson::padded_string(process_json),
                           [&](json_fields& in, dom::element document) { read_process(in, document, plan); }));
  if (plan.args.empty()) return fail(errc::invalid_argument, "process args must not be empty");
  if (!plan.cwd.starts_with('/')) return fail(errc::invalid_argument, "Cwd must be an absolute path: {}", plan.cwd);
  return plan;
}

result<resource_plan> parse_resources(std::string_view resources_json) {
  resource_plan plan;
  GANTRY_TRY(with_document(simdjson::padded_string(resources_json),
                           [&](json_fields& in, dom::element document) { read_resources(in, document, plan); }));
  return plan;
}

bool is_unsupported(const error& problem) { return problem.os_errno == EOPNOTSUPP; }

std::optional<std::string> unsupported(std::string_view config_json) {
  const auto plan = parse_plan(config_json);
  if (plan || !is_unsupported(plan.error())) return std::nullopt;
  return plan.error().message;
}

} // namespace gantry::native
