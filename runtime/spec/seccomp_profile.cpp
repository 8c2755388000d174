#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include "runtime/spec/seccomp.hpp"
#include "runtime/spec/seccomp_table.hpp"

// A user's seccomp profile in Docker's format, turned into the runtime-spec's (config-linux.md, "Seccomp").

namespace gantry::spec {
namespace {

using nlohmann::ordered_json;
namespace dom = simdjson::dom;

// SCMP_ACT_NOTIFY is left out: it needs a listener, which no container here has.
constexpr std::array<std::string_view, 8> actions = {"SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
                                                     "SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
                                                     "SCMP_ACT_ALLOW", "SCMP_ACT_LOG"};
constexpr std::array<std::string_view, 7> operators = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
                                                       "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};
constexpr std::array<std::string_view, 4> filter_flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                                          "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                                          "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
constexpr std::size_t max_string = 4096;

template<std::size_t N>
bool one_of(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

tl::unexpected<error> bad(std::string_view what) { return fail(errc::invalid_argument, "seccomp profile: {}", what); }

/// A member's text; empty when absent or null.
result<std::string_view> text(dom::object from, const char* key) {
  auto member = from[key];
  if (member.error() == simdjson::NO_SUCH_FIELD || (!member.error() && member.value_unsafe().is_null())) return "";
  std::string_view value;
  if (member.get_string().get(value) || value.size() > max_string)
    return bad(fmt::format("'{}' must be a string", key));
  return value;
}

/// A member's list of strings; empty when absent or null.
result<std::vector<std::string_view>> texts(dom::object from, const char* key) {
  std::vector<std::string_view> list;
  auto member = from[key];
  if (member.error() == simdjson::NO_SUCH_FIELD || (!member.error() && member.value_unsafe().is_null())) return list;
  dom::array array;
  if (member.get_array().get(array)) return bad(fmt::format("'{}' must be a list of strings", key));
  for (auto element : array) {
    std::string_view value;
    if (element.get_string().get(value) || value.size() > max_string)
      return bad(fmt::format("'{}' must be a list of strings", key));
    list.push_back(value);
  }
  return list;
}

/// The list of objects at `key`; empty when absent or null.
result<std::vector<dom::object>> objects(dom::object from, const char* key) {
  std::vector<dom::object> list;
  auto member = from[key];
  if (member.error() == simdjson::NO_SUCH_FIELD || (!member.error() && member.value_unsafe().is_null())) return list;
  dom::array array;
  if (member.get_array().get(array)) return bad(fmt::format("'{}' must be a list of objects", key));
  for (auto element : array) {
    dom::object value;
    if (element.get_object().get(value)) return bad(fmt::format("'{}' must be a list of objects", key));
    list.push_back(value);
  }
  return list;
}

result<std::string_view> action(dom::object from, const char* key) {
  GANTRY_LET(const auto name, text(from, key));
  if (!one_of(actions, name)) return bad(fmt::format("'{}' is '{}', which is no action", key, name.substr(0, 64)));
  return name;
}

/// Copies an errno value, which only some documents have.
result<void> copy_errno(dom::object from, const char* key, ordered_json& to) {
  auto member = from[key];
  if (member.error() == simdjson::NO_SUCH_FIELD || (!member.error() && member.value_unsafe().is_null())) return {};
  std::uint64_t value = 0;
  if (member.get_uint64().get(value) || value > 4095) return bad(fmt::format("'{}' must be an errno", key));
  to[key] = value;
  return {};
}

kernel_version parse_kernel(std::string_view version) {
  kernel_version found;
  const auto* const end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, found.major);
  if (first.ptr != end && *first.ptr == '.') std::from_chars(first.ptr + 1, end, found.minor);
  return found;
}

/// `includes` or `excludes` of a rule.
struct rule_filter {
  std::vector<std::string_view> caps, arches;
  kernel_version min_kernel;
  bool any = false;
};

result<rule_filter> read_filter(dom::object rule, const char* key) {
  rule_filter found;
  auto member = rule[key];
  if (member.error() == simdjson::NO_SUCH_FIELD || (!member.error() && member.value_unsafe().is_null())) return found;
  dom::object object;
  if (member.get_object().get(object)) return bad(fmt::format("'{}' must be an object", key));
  GANTRY_LET(found.caps, texts(object, "caps"));
  GANTRY_LET(found.arches, texts(object, "arches"));
  GANTRY_LET(const auto kernel, text(object, "minKernel"));
  found.min_kernel = parse_kernel(kernel);
  found.any = !kernel.empty();
  return found;
}

struct circumstances {
  capability_set granted;
  const host_facts& facts;

  [[nodiscard]] bool has(std::string_view capability) const {
    const auto number = capability_number(capability);
    return number && ((granted >> *number) & 1) != 0;
  }
  [[nodiscard]] bool is(std::string_view architecture) const {
    return architecture == facts.architecture || (architecture == "x86" && facts.architecture == "386");
  }
};

/// As moby: every included capability is needed, one excluded is enough to leave the rule out.
result<bool> applies(dom::object rule, const circumstances& here) {
  GANTRY_LET(const auto in, read_filter(rule, "includes"));
  GANTRY_LET(const auto out, read_filter(rule, "excludes"));
  const auto has = [&](std::string_view capability) { return here.has(capability); };
  const auto is = [&](std::string_view architecture) { return here.is(architecture); };
  if (!std::all_of(in.caps.begin(), in.caps.end(), has) || std::any_of(out.caps.begin(), out.caps.end(), has))
    return false;
  if (!in.arches.empty() && std::none_of(in.arches.begin(), in.arches.end(), is)) return false;
  if (std::any_of(out.arches.begin(), out.arches.end(), is)) return false;
  if (here.facts.kernel < in.min_kernel) return false;
  return !(out.any && here.facts.kernel >= out.min_kernel);
}

result<ordered_json> read_arguments(dom::object rule) {
  auto list = ordered_json::array();
  GANTRY_LET(const auto arguments, objects(rule, "args"));
  for (auto argument : arguments) {
    std::uint64_t index = 0, value = 0, other = 0;
    const bool has_other = !argument["valueTwo"].get_uint64().get(other);
    if (argument["index"].get_uint64().get(index) || index > 5) return bad("'index' of an argument must be 0 to 5");
    if (argument["value"].get_uint64().get(value)) return bad("'value' of an argument must be a number");
    GANTRY_LET(const auto how, text(argument, "op"));
    if (!one_of(operators, how)) return bad(fmt::format("'op' is '{}', which is no comparison", how.substr(0, 64)));
    ordered_json entry = {{"index", index}, {"value", value}};
    if (has_other) entry["valueTwo"] = other;
    entry["op"] = how;
    list.push_back(std::move(entry));
  }
  return list;
}

result<ordered_json> read_rule(dom::object rule) {
  GANTRY_LET(auto names, texts(rule, "names"));
  GANTRY_LET(const auto name, text(rule, "name"));
  if (!names.empty() && !name.empty()) return bad("a rule has both 'name' and 'names': keep one");
  if (!name.empty()) names.push_back(name);
  if (names.empty()) return bad("a rule has no 'names'");
  GANTRY_LET(const auto then, action(rule, "action"));
  ordered_json entry = {{"names", names}, {"action", then}};
  GANTRY_TRY(copy_errno(rule, "errnoRet", entry));
  GANTRY_LET(auto arguments, read_arguments(rule));
  if (!arguments.empty()) entry["args"] = std::move(arguments);
  return entry;
}

result<std::vector<std::string_view>> read_architectures(dom::object root, const host_facts& facts) {
  GANTRY_LET(auto listed, texts(root, "architectures"));
  GANTRY_LET(const auto map, objects(root, "archMap"));
  if (!listed.empty() && !map.empty()) return bad("both 'architectures' and 'archMap' are there: keep one");
  const auto native = seccomp::architectures_of(facts.architecture);
  for (auto entry : map) {
    GANTRY_LET(const auto main, text(entry, "architecture"));
    if (native.empty() || main != native.front()) continue;
    listed.push_back(main);
    GANTRY_LET(const auto more, texts(entry, "subArchitectures"));
    listed.insert(listed.end(), more.begin(), more.end());
  }
  for (const auto name : listed)
    if (!name.starts_with("SCMP_ARCH_"))
      return bad(fmt::format("'{}' is no architecture: they begin with SCMP_ARCH_", name.substr(0, 64)));
  return listed;
}

result<std::string> convert(dom::object root, const circumstances& here) {
  GANTRY_LET(const auto otherwise, action(root, "defaultAction"));
  ordered_json profile = {{"defaultAction", otherwise}};
  GANTRY_TRY(copy_errno(root, "defaultErrnoRet", profile));
  GANTRY_LET(const auto architectures, read_architectures(root, here.facts));
  if (!architectures.empty()) profile["architectures"] = architectures;
  GANTRY_LET(const auto wanted, texts(root, "flags"));
  for (const auto flag : wanted)
    if (!one_of(filter_flags, flag)) return bad(fmt::format("'{}' is no flag", flag.substr(0, 64)));
  if (!wanted.empty()) profile["flags"] = wanted;
  auto calls = ordered_json::array();
  GANTRY_LET(const auto rules, objects(root, "syscalls"));
  for (auto rule : rules) {
    GANTRY_LET(const bool here_too, applies(rule, here));
    if (!here_too) continue;
    GANTRY_LET(auto entry, read_rule(rule));
    calls.push_back(std::move(entry));
  }
  if (!calls.empty()) profile["syscalls"] = std::move(calls);
  return profile.dump();
}

} // namespace

result<seccomp_text> seccomp_from_profile(std::string_view profile, capability_set granted, const host_facts& facts) {
  if (profile.size() > max_seccomp_profile) return bad("it is larger than 1 MiB");
  dom::parser parser;
  dom::element document;
  dom::object root;
  if (const auto problem = parser.parse(profile.data(), profile.size()).get(document))
    return bad(fmt::format("it is not JSON ({}): give the document itself, unconfined, or leave the option out",
                           simdjson::error_message(problem)));
  if (document.get_object().get(root)) return bad("it must be a JSON object");
  GANTRY_LET(auto text, convert(root, {granted, facts}));
  return std::make_shared<const std::string>(std::move(text));
}

} // namespace gantry::spec
