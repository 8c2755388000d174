#include "runtime/spec/security.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "runtime/spec/paths.hpp"

namespace gantry::spec {
namespace {

constexpr std::string_view unconfined = "unconfined";

result<void> set_privileges(security_options& into, std::string_view value) {
  if (value != "true" && value != "false" && !value.empty())
    return fail(errc::invalid_argument, "invalid --security-opt no-new-privileges={}: use true or false",
                value.substr(0, 64));
  into.no_new_privileges = value != "false";
  return {};
}

void set_seccomp(security_options& into, std::string_view value) {
  using filter = security_options::filter;
  into.seccomp = value == unconfined                        ? filter::unconfined
                 : value == "builtin" || value == "default" ? filter::engine
                                                            : filter::document;
  if (into.seccomp == filter::document) into.seccomp_document = value;
}

result<void> set_apparmor(security_options& into, std::string_view value, const host_facts& facts) {
  if (facts.apparmor)
    into.apparmor_profile = value;
  else if (value != unconfined)
    return fail(errc::denied, "--security-opt apparmor={}: AppArmor is not enabled on this host: leave the option out",
                value.substr(0, 64));
  return {};
}

/// "disable", or one part of an SELinux label: user:…, role:…, type:…, level:…
result<void> set_label(std::map<std::string, std::string>& parts, std::string_view value, const host_facts& facts) {
  if (value == "disable") {
    parts.clear();
    return {};
  }
  const auto colon = value.find(':');
  const auto part = value.substr(0, colon);
  constexpr std::array<std::string_view, 4> known = {"user", "role", "type", "level"};
  if (colon == std::string_view::npos || std::find(known.begin(), known.end(), part) == known.end())
    return fail(errc::invalid_argument,
                "invalid --security-opt label={}: use disable, user:, role:, type: or level:", value.substr(0, 64));
  if (!facts.selinux)
    return fail(errc::denied, "--security-opt label={}: SELinux is not enabled on this host: leave the option out",
                value.substr(0, 64));
  parts[std::string(part)] = value.substr(colon + 1);
  return {};
}

std::string label_of(std::map<std::string, std::string> parts) {
  if (parts.empty()) return {};
  parts.insert({{"user", "system_u"}, {"role", "system_r"}, {"type", "container_t"}, {"level", "s0"}});
  return parts["user"] + ":" + parts["role"] + ":" + parts["type"] + ":" + parts["level"];
}

} // namespace

result<security_options> parse_security(const spec_input& input) {
  security_options found;
  std::map<std::string, std::string> label;
  for (const std::string_view option : input.options.security_opt) {
    GANTRY_TRY(check_text(option, "--security-opt"));
    // "name=value" and, from older clients, "name:value"; whichever sign comes first.
    const auto sign = option.find_first_of("=:");
    const auto name = option.substr(0, sign);
    const auto value = sign == std::string_view::npos ? std::string_view() : option.substr(sign + 1);
    if (name == "no-new-privileges") {
      GANTRY_TRY(set_privileges(found, value));
    } else if (name == "seccomp" && !value.empty()) {
      set_seccomp(found, value);
    } else if (name == "apparmor" && !value.empty()) {
      GANTRY_TRY(set_apparmor(found, value, input.facts));
    } else if (name == "label" && !value.empty()) {
      GANTRY_TRY(set_label(label, value, input.facts));
    } else if (name == "systempaths" && value == unconfined) {
      found.paths_unconfined = true;
    } else {
      return fail(errc::invalid_argument,
                  "invalid --security-opt: \"{}\": use no-new-privileges, seccomp=, apparmor=, label= or "
                  "systempaths=unconfined",
                  option.substr(0, 64));
    }
  }
  found.selinux_label = label_of(std::move(label));
  return found;
}

result<seccomp_text> choose_seccomp(const security_options& options, capability_set granted, const spec_input& input) {
  using filter = security_options::filter;
  if (options.seccomp == filter::unconfined) return nullptr;
  if (options.seccomp == filter::document) {
    if (!input.facts.seccomp)
      return fail(errc::denied, "--security-opt seccomp: this kernel has no seccomp: leave the option out");
    return seccomp_from_profile(options.seccomp_document, granted, input.facts);
  }
  if (input.options.privileged || !input.facts.seccomp) return nullptr;
  return default_seccomp(granted, input.facts);
}

} // namespace gantry::spec
