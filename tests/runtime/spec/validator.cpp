#include <functional>
#include <set>

#include "tests/runtime/spec/fixture.hpp"

// A judge of documents by the text of the runtime-spec 1.0.2, written apart from the builder.

namespace gantry::test {
namespace {

using check = std::function<std::string(const json&)>;
struct member {
  check is;
  bool required = false;
};
using members = std::map<std::string, member>;

std::string text(const json& v) {
  return v.is_string() && v.get_ref<const std::string&>().find('\0') == std::string::npos ? "" : "not a string";
}
std::string flag(const json& v) { return v.is_boolean() ? "" : "not a boolean"; }
std::string integer(const json& v) { return v.is_number_integer() ? "" : "not an integer"; }
std::string natural(const json& v) {
  return v.is_number_unsigned() || (v.is_number_integer() && v >= 0) ? "" : "not an unsigned integer";
}
std::string id(const json& v) { return natural(v).empty() && v <= 4294967295u ? "" : "not a uint32"; }
std::string absolute(const json& v) {
  return v.is_string() && v.get<std::string>().starts_with("/") ? "" : "not an absolute path";
}

check one_of(std::set<std::string> words) {
  return [words](const json& v) {
    return v.is_string() && words.contains(v.get<std::string>()) ? "" : "not one of the values allowed: " + v.dump();
  };
}
check list_of(check element) {
  return [element](const json& v) -> std::string {
    if (!v.is_array()) return "not a list";
    for (const auto& one : v)
      if (auto problem = element(one); !problem.empty()) return problem;
    return "";
  };
}
check object_of(members known) {
  return [known](const json& v) -> std::string {
    if (!v.is_object()) return "not an object";
    for (const auto& [name, value] : v.items()) {
      if (!known.contains(name)) return name + ": not in the specification";
      if (auto problem = known.at(name).is(value); !problem.empty()) return name + ": " + problem;
    }
    for (const auto& [name, rule] : known)
      if (rule.required && !v.contains(name)) return name + ": missing";
    return "";
  };
}
std::string string_map(const json& v) {
  if (!v.is_object()) return "not an object";
  for (const auto& [name, value] : v.items())
    if (name.empty() || !value.is_string()) return "not a map of strings";
  return "";
}
std::string capability(const json& v) {
  return v.is_string() && v.get<std::string>().starts_with("CAP_") ? "" : "not a capability";
}
std::string variable(const json& v) {
  return text(v).empty() && v.get<std::string>().find('=') != std::string::npos ? "" : "not NAME=value";
}

check process_rules() {
  const auto caps = list_of(capability);
  const auto rlimit = [](const json& v) -> std::string {
    auto problem = object_of({{"type", {text, true}}, {"hard", {natural, true}}, {"soft", {natural, true}}})(v);
    if (!problem.empty()) return problem;
    if (!v["type"].get<std::string>().starts_with("RLIMIT_")) return "type does not begin with RLIMIT_";
    return v["soft"].get<std::uint64_t>() <= v["hard"].get<std::uint64_t>() ? "" : "soft above hard";
  };
  const auto unique_limits = [rlimit](const json& v) -> std::string {
    std::set<std::string> seen;
    if (auto problem = list_of(rlimit)(v); !problem.empty()) return problem;
    for (const auto& one : v)
      if (!seen.insert(one["type"].get<std::string>()).second) return "a type twice";
    return "";
  };
  return object_of(
      {{"terminal", {flag}},
       {"cwd", {absolute, true}},
       {"env", {list_of(variable)}},
       {"args", {[](const json& v) { return v.empty() ? "empty" : list_of(text)(v); }, true}},
       {"rlimits", {unique_limits}},
       {"apparmorProfile", {text}},
       {"selinuxLabel", {text}},
       {"noNewPrivileges", {flag}},
       {"oomScoreAdj", {integer}},
       {"capabilities",
        {object_of({{"bounding", {caps}},
                    {"effective", {caps}},
                    {"permitted", {caps}},
                    {"inheritable", {caps}},
                    {"ambient", {caps}}})}},
       {"user",
        {object_of({{"uid", {id, true}}, {"gid", {id, true}}, {"umask", {id}}, {"additionalGids", {list_of(id)}}}),
         true}}});
}

check seccomp_rules() {
  const auto action = one_of({"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
                              "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"});
  const auto op = one_of(
      {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"});
  const auto argument =
      object_of({{"index", {natural, true}}, {"value", {natural, true}}, {"valueTwo", {natural}}, {"op", {op, true}}});
  const auto call = object_of({{"names", {[](const json& v) { return v.empty() ? "empty" : list_of(text)(v); }, true}},
                               {"action", {action, true}},
                               {"errnoRet", {natural}},
                               {"args", {list_of(argument)}}});
  return object_of({{"defaultAction", {action, true}},
                    {"defaultErrnoRet", {natural}},
                    {"architectures", {list_of(text)}},
                    {"flags", {list_of(text)}},
                    {"syscalls", {list_of(call)}}});
}

check linux_rules() {
  const auto device_rule = object_of({{"allow", {flag, true}},
                                      {"type", {one_of({"a", "b", "c"})}},
                                      {"major", {integer}},
                                      {"minor", {integer}},
                                      {"access", {text}}});
  const auto device = object_of({{"type", {one_of({"b", "c", "u", "p"}), true}},
                                 {"path", {absolute, true}},
                                 {"major", {integer, true}},
                                 {"minor", {integer, true}},
                                 {"fileMode", {id}},
                                 {"uid", {id}},
                                 {"gid", {id}}});
  const auto ns =
      object_of({{"type", {one_of({"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"}), true}},
                 {"path", {absolute}}});
  const auto unique_ns = [ns](const json& v) -> std::string {
    std::set<std::string> seen;
    if (auto problem = list_of(ns)(v); !problem.empty()) return problem;
    for (const auto& one : v)
      if (!seen.insert(one["type"].get<std::string>()).second) return "a type twice";
    return "";
  };
  const auto resources = object_of(
      {{"devices", {list_of(device_rule)}},
       {"memory",
        {object_of({{"limit", {integer}},
                    {"reservation", {integer}},
                    {"swap", {integer}},
                    {"swappiness", {natural}},
                    {"disableOOMKiller", {flag}}})}},
       {"cpu",
        {object_of(
            {{"shares", {natural}}, {"quota", {integer}}, {"period", {natural}}, {"cpus", {text}}, {"mems", {text}}})}},
       {"pids", {object_of({{"limit", {integer, true}}})}},
       {"blockIO", {object_of({{"weight", {natural}}})}},
       {"hugepageLimits", {list_of(object_of({{"pageSize", {text, true}}, {"limit", {integer, true}}}))}},
       {"unified", {string_map}}});
  const auto map = object_of({{"containerID", {id, true}}, {"hostID", {id, true}}, {"size", {id, true}}});
  return object_of({{"namespaces", {unique_ns}},
                    {"uidMappings", {list_of(map)}},
                    {"gidMappings", {list_of(map)}},
                    {"devices", {list_of(device)}},
                    {"cgroupsPath", {absolute}},
                    {"resources", {resources}},
                    {"rootfsPropagation", {one_of({"slave", "private", "shared", "unbindable", "rslave", "rshared"})}},
                    {"sysctl", {string_map}},
                    {"maskedPaths", {list_of(absolute)}},
                    {"readonlyPaths", {list_of(absolute)}},
                    {"seccomp", {seccomp_rules()}}});
}

} // namespace

std::string violations(const json& document) {
  const auto hook = object_of(
      {{"path", {absolute, true}}, {"args", {list_of(text)}}, {"env", {list_of(variable)}}, {"timeout", {natural}}});
  const auto hooks = object_of({{"prestart", {list_of(hook)}},
                                {"createRuntime", {list_of(hook)}},
                                {"createContainer", {list_of(hook)}},
                                {"startContainer", {list_of(hook)}},
                                {"poststart", {list_of(hook)}},
                                {"poststop", {list_of(hook)}}});
  const auto mount = object_of(
      {{"destination", {absolute, true}}, {"source", {text}}, {"type", {text}}, {"options", {list_of(text)}}});
  return object_of({{"ociVersion", {text, true}},
                    {"root", {object_of({{"path", {text, true}}, {"readonly", {flag}}}), true}},
                    {"mounts", {list_of(mount)}},
                    {"process", {process_rules(), true}},
                    {"hostname", {text}},
                    {"hooks", {hooks}},
                    {"annotations", {string_map}},
                    {"linux", {linux_rules(), true}}})(document);
}

} // namespace gantry::test
