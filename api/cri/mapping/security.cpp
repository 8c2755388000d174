#include "api/cri/mapping/security.hpp"

#include "messages/domain/quote.hpp"

namespace gantry::cri {
namespace {

constexpr std::int64_t largest_id = INT32_MAX; // the OCI runtimes' bound

result<std::uint32_t> id_of(const char* field, std::int64_t id) {
  if (id >= 0 && id <= largest_id) return static_cast<std::uint32_t>(id);
  return fail(errc::invalid_argument, "security_context.{}: {} is no id of 0 to {}", field, id, largest_id);
}

/// The user, and the group beside it; an empty user is the image's.
result<void> read_user(const v1::LinuxContainerSecurityContext& from, container_options& into) {
  if (from.has_run_as_user() && !from.run_as_username().empty())
    return fail(errc::invalid_argument, "security_context: run_as_user and run_as_username exclude one another");
  into.user = from.run_as_username();
  if (from.has_run_as_user()) {
    GANTRY_LET(auto uid, id_of("run_as_user", from.run_as_user().value()));
    into.user = std::to_string(uid);
  }
  if (!from.has_run_as_group()) return {};
  if (into.user.empty())
    return fail(errc::invalid_argument, "security_context.run_as_group needs run_as_user or run_as_username");
  GANTRY_LET(into.identity.group, id_of("run_as_group", from.run_as_group().value()));
  return {};
}

/// `from` is a Localhost profile's path; those of an older CRI have a prefix.
result<std::string> parse_seccomp(const v1::LinuxContainerSecurityContext& from, container_options& into) {
  if (!from.seccomp_profile_path().empty() && !from.has_seccomp())
    return fail(errc::invalid_argument, "security_context.seccomp_profile_path is of an older CRI: use seccomp");
  const auto& profile = from.seccomp();
  if (!from.has_seccomp() || profile.profile_type() == v1::SecurityProfile::Unconfined || into.privileged) {
    into.security_opt.emplace_back("seccomp=unconfined");
    return std::string();
  }
  if (profile.profile_type() == v1::SecurityProfile::RuntimeDefault) return std::string();
  std::string_view path = profile.localhost_ref();
  if (path.starts_with("localhost/")) path.remove_prefix(std::string_view("localhost/").size());
  if (!path.starts_with('/'))
    return fail(errc::invalid_argument, "security_context.seccomp.localhost_ref {} is no absolute path", quote(path));
  return std::string(path);
}

/// RuntimeDefault is the engine's, which is none where the host has no AppArmor.
result<void> read_apparmor(const v1::LinuxContainerSecurityContext& from, const host_security& host,
                           container_options& into) {
  if (!from.apparmor_profile().empty() && !from.has_apparmor())
    return fail(errc::invalid_argument, "security_context.apparmor_profile is of an older CRI: use apparmor");
  const auto& profile = from.apparmor();
  if (!from.has_apparmor() || profile.profile_type() == v1::SecurityProfile::RuntimeDefault || into.privileged)
    return {};
  if (profile.profile_type() == v1::SecurityProfile::Unconfined) {
    if (host.apparmor) into.security_opt.emplace_back("apparmor=unconfined");
    return {};
  }
  std::string name = profile.localhost_ref();
  if (name.starts_with("localhost/")) name.erase(0, std::string_view("localhost/").size());
  if (!host.apparmor)
    return fail(errc::invalid_argument, "security_context.apparmor: this host has no AppArmor, so no profile {}",
                quote(name));
  if (name.empty()) return fail(errc::invalid_argument, "security_context.apparmor.localhost_ref is empty");
  into.security_opt.push_back("apparmor=" + name);
  return {};
}

/// Labels mean nothing without SELinux.
void read_selinux(const v1::SELinuxOption& from, const host_security& host, container_options& into) {
  if (!host.selinux) return;
  for (const auto& [name, value] : {std::pair("user", &from.user()), std::pair("role", &from.role()),
                                    std::pair("type", &from.type()), std::pair("level", &from.level())})
    if (!value->empty()) into.security_opt.push_back(std::string("label=") + name + ":" + *value);
}

void read_capabilities(const v1::Capability& from, container_options& into) {
  into.cap_add = {from.add_capabilities().begin(), from.add_capabilities().end()};
  into.cap_drop = {from.drop_capabilities().begin(), from.drop_capabilities().end()};
  into.identity.ambient_caps = {from.add_ambient_capabilities().begin(), from.add_ambient_capabilities().end()};
}

result<void> read_groups(const v1::LinuxContainerSecurityContext& from, container_options& into) {
  for (auto id : from.supplemental_groups()) {
    GANTRY_LET(auto group, id_of("supplemental_groups", id));
    into.group_add.push_back(std::to_string(group));
  }
  switch (from.supplemental_groups_policy()) {
  case v1::Merge:
    into.identity.memberships = group_membership::always;
    return {};
  case v1::Strict:
    into.identity.memberships = group_membership::never;
    return {};
  default:
    break;
  }
  return fail(errc::invalid_argument, "security_context.supplemental_groups_policy: {} is no policy",
              static_cast<int>(from.supplemental_groups_policy()));
}

} // namespace

result<std::string> read_security(const v1::LinuxContainerSecurityContext& from, const host_security& host,
                                  container_options& into) {
  into.privileged = from.privileged();
  into.read_only_rootfs = from.readonly_rootfs();
  GANTRY_TRY(read_user(from, into));
  GANTRY_TRY(read_groups(from, into));
  read_capabilities(from.capabilities(), into);
  if (from.no_new_privs()) into.security_opt.emplace_back("no-new-privileges");
  if (from.masked_paths_size() != 0)
    into.masked_paths = std::vector<std::string>(from.masked_paths().begin(), from.masked_paths().end());
  if (from.readonly_paths_size() != 0)
    into.readonly_paths = std::vector<std::string>(from.readonly_paths().begin(), from.readonly_paths().end());
  read_selinux(from.selinux_options(), host, into);
  GANTRY_TRY(read_apparmor(from, host, into));
  return parse_seccomp(from, into);
}

void add_seccomp_profile(const std::string& document, container_options& into) {
  into.security_opt.push_back("seccomp=" + document);
}

} // namespace gantry::cri
