#include "runtime/spec/seccomp.hpp"

#include <cerrno>
#include <map>
#include <mutex>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "runtime/spec/seccomp_table.hpp"

namespace gantry::spec {
namespace {

using nlohmann::ordered_json;
using seccomp::condition;
using seccomp::rule;
using seccomp::verdict;

bool lists(std::string_view names, std::string_view wanted) {
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(' '));
    if (name == wanted) return true;
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
  return false;
}

bool has(capability_set set, int number) { return ((set >> number) & 1) != 0; }

bool applies(const rule& line, capability_set granted, const host_facts& facts) {
  if (line.needs_capability >= 0 && !has(granted, line.needs_capability)) return false;
  if (line.unless_capability >= 0 && has(granted, line.unless_capability)) return false;
  if (!line.architectures.empty() && !lists(line.architectures, facts.architecture)) return false;
  if (lists(line.not_architectures, facts.architecture)) return false;
  return facts.kernel >= line.since;
}

std::string_view token(condition::comparison how) {
  switch (how) {
  case condition::comparison::equal:
    return "SCMP_CMP_EQ";
  case condition::comparison::not_equal:
    return "SCMP_CMP_NE";
  case condition::comparison::masked_equal:
    break;
  }
  return "SCMP_CMP_MASKED_EQ";
}

/// Appends the calls of `line` that this host's libseccomp has: a runtime compiles each for each architecture, so
/// names that cannot occur only cost time.
void add_calls(ordered_json& names, const rule& line, std::span<const std::string_view> architectures) {
  std::istringstream in{std::string(line.calls)};
  for (std::string name; in >> name;)
    if (seccomp::known(name, architectures)) names.push_back(name);
}

ordered_json entry_of(const rule& line, ordered_json names) {
  ordered_json entry = {{"names", std::move(names)}};
  entry["action"] = line.then == verdict::allow ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO";
  if (line.then == verdict::no_such_call) entry["errnoRet"] = ENOSYS;
  if (const auto& when = line.only_if) {
    ordered_json argument = {{"index", when->argument}, {"value", when->value}};
    if (when->how == condition::comparison::masked_equal) argument["valueTwo"] = when->other;
    argument["op"] = token(when->how);
    entry["args"] = ordered_json::array({std::move(argument)});
  }
  return entry;
}

std::string make_default(capability_set granted, const host_facts& facts) {
  const auto architectures = seccomp::architectures_of(facts.architecture);
  ordered_json profile = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"defaultErrnoRet", EPERM}};
  if (!architectures.empty()) profile["architectures"] = architectures;
  auto plain = ordered_json::array(), calls = ordered_json::array();
  for (const auto& line : seccomp::default_rules()) {
    if (!applies(line, granted, facts)) continue;
    if (line.then == verdict::allow && !line.only_if) {
      add_calls(plain, line, architectures);
      continue;
    }
    auto names = ordered_json::array();
    add_calls(names, line, architectures);
    if (!names.empty()) calls.push_back(entry_of(line, std::move(names)));
  }
  ordered_json unconditional = {{"names", std::move(plain)}, {"action", "SCMP_ACT_ALLOW"}};
  calls.insert(calls.begin(), std::move(unconditional)); // one value: a braced list would be spread
  profile["syscalls"] = std::move(calls);
  return profile.dump();
}

/// The capabilities that any rule looks at: sets that differ in others alone share a profile.
capability_set relevant() {
  capability_set set = 0;
  for (const auto& line : seccomp::default_rules())
    for (const int number : {line.needs_capability, line.unless_capability})
      if (number >= 0) set |= capability_set{1} << number;
  return set;
}

/// Finished texts, never changed once in. Few sets occur in practice; the bound is against a caller that tries them
/// all.
struct profile_cache {
  using key = std::pair<capability_set, std::string>;
  static constexpr std::size_t bound = 64;
  std::mutex lock;
  std::map<key, seccomp_text> texts;
};

} // namespace

seccomp_text default_seccomp(capability_set granted, const host_facts& facts) {
  static const capability_set mask = relevant();
  static profile_cache cache;
  profile_cache::key wanted{granted & mask, facts.architecture + (facts.kernel >= kernel_version{4, 8} ? "" : "/old")};
  {
    const std::lock_guard hold(cache.lock);
    if (const auto found = cache.texts.find(wanted); found != cache.texts.end()) return found->second;
  }
  auto text = std::make_shared<const std::string>(make_default(granted, facts));
  const std::lock_guard hold(cache.lock);
  if (cache.texts.size() >= profile_cache::bound) cache.texts.clear();
  return cache.texts.emplace(std::move(wanted), std::move(text)).first->second;
}

} // namespace gantry::spec
