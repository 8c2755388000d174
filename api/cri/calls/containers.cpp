#include <algorithm>
#include <cerrno>

#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/mapping/containers.hpp"
#include "api/cri/mapping/resources.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::cri::calls {
namespace {

constexpr std::size_t max_profile = 1u << 20;

host_security security_of(const engine_info& facts) {
  host_security made;
  for (const auto& one : facts.security_options) {
    made.apparmor = made.apparmor || one == "name=apparmor";
    made.selinux = made.selinux || one == "name=selinux";
  }
  return made;
}

/// A seccomp profile of the node's, as the kubelet names it by path.
awaitable<result<void>> load_profile(context& door, container_plan& plan) {
  if (plan.seccomp_profile.empty()) co_return result<void>();
  auto path = plan.seccomp_profile;
  auto read = [path] { return sys::read_file(path, max_profile); };
  auto document = co_await on_disk(door, std::move(read));
  if (!document) co_return within(document.error(), "security_context.seccomp {}", path);
  add_seccomp_profile(*document, plan.options);
  co_return result<void>();
}

bool is_over(const container_record& of) {
  return of.state.now == phase::exited || of.state.now == phase::dead || of.state.now == phase::removing;
}

/// An answer of a stop that says that there was nothing to stop.
bool has_stopped(const error& why) {
  return is_gone(why) || (why.code == errc::failed_precondition && why.os_errno == EALREADY);
}

/// Asks a container's actor. One that has ended since it was found is not there any more.
template<class Reply = done, class Handle, class Message>
awaitable<result<Reply>> ask_found(context& door, const found_container& found, const Handle& to, Message message,
                                   std::chrono::seconds within_time) {
  auto id = found.name.id;
  auto got = co_await ask<Reply>(door, to, std::move(message), within_time);
  if (got || got.error().code != errc::unavailable) co_return got;
  auto still_there = co_await find(door, id);
  if (!still_there && is_gone(still_there.error())) co_return tl::unexpected<error>(still_there.error());
  co_return got;
}

} // namespace

answer<v1::CreateContainerResponse> create_container(context& door, const v1::CreateContainerRequest& request) {
  GANTRY_CO_LET(auto pod, co_await find_pod(door, request.pod_sandbox_id()));
  GANTRY_CO_LET(auto plan, parse_container(request.config(), *pod, security_of(door.facts)));
  GANTRY_CO_TRY(co_await load_profile(door, plan));
  create_pod_container message{std::move(plan.options), client};
  GANTRY_CO_LET(auto got, co_await ask_pods<created>(door, std::move(message), deadline::whole));
  v1::CreateContainerResponse made;
  made.set_container_id(got.name.id);
  co_return made;
}

/// A container of the CRI runs once: the kubelet makes another where it wants it again.
answer<v1::StartContainerResponse> start_container(context& door, const v1::StartContainerRequest& request) {
  GANTRY_CO_LET(auto found, co_await find(door, request.container_id()));
  if (is_over(*found.view))
    co_return fail(errc::failed_precondition, "container {} has exited: a container is started once", found.name.id);
  gantry::start_container message{client, found.name};
  GANTRY_CO_TRY(co_await ask_found(door, found, found.sandbox, std::move(message), deadline::whole));
  co_return v1::StartContainerResponse();
}

/// One that has ended, or is not there, has stopped.
answer<v1::StopContainerResponse> stop_container(context& door, const v1::StopContainerRequest& request) {
  auto found = co_await find(door, request.container_id());
  if (!found && is_gone(found.error())) co_return v1::StopContainerResponse();
  if (!found) co_return tl::unexpected<error>(found.error());
  gantry::stop_container message;
  message.timeout = static_cast<int>(std::clamp<std::int64_t>(request.timeout(), 0, INT32_MAX));
  auto got = co_await ask_found(door, *found, found->container, std::move(message), deadline::without_end);
  if (!got && !has_stopped(got.error())) co_return tl::unexpected<error>(got.error());
  co_return v1::StopContainerResponse();
}

answer<v1::RemoveContainerResponse> remove_container(context& door, const v1::RemoveContainerRequest& request) {
  auto found = co_await find(door, request.container_id());
  if (!found && is_gone(found.error())) co_return v1::RemoveContainerResponse();
  if (!found) co_return tl::unexpected<error>(found.error());
  gantry::remove_container message{true, true};
  auto got = co_await ask_found(door, *found, found->container, message, deadline::whole);
  if (!got && !is_gone(got.error())) co_return tl::unexpected<error>(got.error());
  co_return v1::RemoveContainerResponse();
}

/// What is zero stays as it is. The score of the OOM killer is of the start alone, as other engines have it.
answer<v1::UpdateContainerResourcesResponse>
update_container_resources(context& door, const v1::UpdateContainerResourcesRequest& request) {
  GANTRY_CO_LET(auto limits, parse_resources(request.linux()));
  GANTRY_CO_LET(auto found, co_await find(door, request.container_id()));
  if (is_over(*found.view))
    co_return fail(errc::failed_precondition, "container {} has exited: it has no resources any more", found.name.id);
  gantry::update_container message{std::move(limits), {}};
  GANTRY_CO_TRY(co_await ask_found<updated>(door, found, found.container, std::move(message), deadline::whole));
  co_return v1::UpdateContainerResourcesResponse();
}

answer<v1::ReopenContainerLogResponse> reopen_container_log(context& door,
                                                            const v1::ReopenContainerLogRequest& request) {
  GANTRY_CO_LET(auto found, co_await find(door, request.container_id()));
  gantry::reopen_container_log message;
  GANTRY_CO_TRY(co_await ask_found(door, found, found.container, message, deadline::monitor));
  co_return v1::ReopenContainerLogResponse();
}

} // namespace gantry::cri::calls
