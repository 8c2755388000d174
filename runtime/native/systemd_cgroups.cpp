#include "runtime/native/systemd_cgroups.hpp"

#include "runtime/native/systemd_limits.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/systemd/names.hpp"

namespace gantry::native {
namespace {

result<std::vector<systemd::property>> limits_of(const cgroup::layout& host, const resource_plan& resources) {
  if (host.how != cgroup::mode::v2)
    return fail(errc::failed_precondition,
                "systemd makes containers' cgroups on a host with cgroups v2 alone; this "
                "one has {}",
                to_string(host.how));
  GANTRY_LET(const auto writes, v2_writes(resources));
  return unit_properties(writes);
}

result<void> move_into(const cgroup_handles& groups, const std::string& path, pid_t process) {
  for (const auto& members : groups.members)
    if (auto joined = sys::write_all(members.get(), std::to_string(process)); !joined)
      return within(joined.error(), "join the cgroup {}", path);
  return {};
}

} // namespace

result<cgroup_handles> make_scope(const cgroup::layout& host, const std::string& path, const resource_plan& resources,
                                  pid_t process) {
  GANTRY_LET(const auto limits, limits_of(host, resources));
  const auto above = path.substr(0, path.rfind('/'));
  const auto slice = above.empty() ? std::string("-.slice") : std::string(systemd::unit_of(above));
  GANTRY_TRY(systemd::start_scope(std::string(systemd::unit_of(path)), slice, process, limits));
  auto filled = fill_cgroups(host, path, resources);
  if (!filled) return within(std::move(filled.error()), "cgroup {}", path);
  return filled;
}

result<void> move_into_new_cgroups(const cgroup::layout& host, const std::string& path, const resource_plan& resources,
                                   pid_t process) {
  if (systemd::is_scope(path)) return make_scope(host, path, resources, process).map([](const auto&) {});
  GANTRY_LET(const auto made, make_cgroups(host, path, resources, hierarchies::needed));
  return move_into(made, path, process);
}

result<void> make_slice(const cgroup::layout& host, const std::string& path, const resource_plan& resources) {
  GANTRY_LET(const auto limits, limits_of(host, resources));
  GANTRY_TRY(systemd::start_slice(std::string(systemd::unit_of(path)), limits));
  return fill_cgroups(host, path, resources).map([](const auto&) {});
}

} // namespace gantry::native
