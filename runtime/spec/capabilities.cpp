#include "runtime/spec/capabilities.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "runtime/sys/capability_names.hpp"

namespace gantry::spec {
namespace {

constexpr capability_set bit(int number) { return capability_set{1} << number; }

bool is_all(const std::string& name) {
  return name.size() == 3 && std::toupper(name[0]) == 'A' && std::toupper(name[1]) == 'L' &&
         std::toupper(name[2]) == 'L';
}

bool has_all(const std::vector<std::string>& list) { return std::any_of(list.begin(), list.end(), is_all); }

/// All that the engine can give, of those that have a name here.
capability_set available(const host_facts& facts) {
  const auto last = std::min(facts.last_cap, sys::capability_count - 1);
  return facts.capabilities & ((bit(last) - 1) | bit(last));
}

result<capability_set> parse(const std::vector<std::string>& list) {
  capability_set set = 0;
  for (const auto& name : list) {
    if (is_all(name)) continue;
    GANTRY_LET(const auto number, capability_number(name));
    set |= bit(number);
  }
  return set;
}

result<void> check_available(capability_set wanted, const host_facts& facts) {
  if (const auto missing = wanted & ~available(facts); missing != 0)
    return fail(errc::denied,
                "capability {} is not supported by this kernel or not available to the engine here: leave it out",
                names_of(missing).front());
  return {};
}

} // namespace

capability_set default_capabilities() {
  constexpr std::array numbers = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31};
  capability_set set = 0;
  for (const int number : numbers) set |= bit(number);
  return set;
}

result<int> capability_number(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (!upper.starts_with("CAP_")) upper.insert(0, "CAP_");
  if (const auto number = sys::capability_number(upper)) return *number;
  return fail(errc::invalid_argument,
              "unknown capability '{}': use a name of capabilities(7) such as NET_ADMIN, or ALL", name.substr(0, 64));
}

std::vector<std::string_view> names_of(capability_set set) {
  std::vector<std::string_view> list;
  for (int number = 0; number < sys::capability_count; ++number)
    if ((set & bit(number)) != 0) list.push_back(sys::capability_name(number));
  return list;
}

result<capability_set> effective_capabilities(const capability_request& asked, const host_facts& facts) {
  GANTRY_LET(const auto add, parse(asked.add));
  GANTRY_LET(const auto drop, parse(asked.drop));
  if (asked.privileged) return available(facts);
  GANTRY_TRY(check_available(add, facts));
  if (has_all(asked.add)) return available(facts) & ~drop;
  if (has_all(asked.drop)) return add;
  // A default one that the engine itself lacks cannot be given; runtimes would fail on it.
  return ((default_capabilities() & ~drop) | add) & available(facts);
}

result<capability_set> capabilities_of(const std::vector<std::string>& list, const host_facts& facts) {
  GANTRY_LET(const auto set, parse(list));
  GANTRY_TRY(check_available(set, facts));
  return has_all(list) ? available(facts) : set;
}

} // namespace gantry::spec
