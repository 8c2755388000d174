#include "api/cri/calls/calls.hpp"
#include "api/cri/calls/find.hpp"
#include "api/cri/streaming/server.hpp"

// Each answers a URL, good once and for a minute: the bytes go over the streaming server.
namespace gantry::cri::calls {
namespace {

/// What runs now: a URL for what does not would only tell later, and less clearly.
awaitable<result<found_container>> find_running(context& door, const std::string& id) {
  GANTRY_CO_LET(auto found, co_await find(door, id));
  if (found.view->state.now != phase::running)
    co_return fail(errc::failed_precondition, "container {} is not running", found.name.id);
  co_return found;
}

} // namespace

answer<v1::ExecResponse> exec(context& door, const v1::ExecRequest& request) {
  GANTRY_CO_LET(auto found, co_await find_running(door, request.container_id()));
  exec_request what;
  what.container = found.name.id;
  what.command = {request.cmd().begin(), request.cmd().end()};
  what.streams = {request.stdin(), request.stdout(), request.stderr(), request.tty()};
  v1::ExecResponse made;
  GANTRY_CO_LET(*made.mutable_url(), door.streams->url_for(std::move(what)));
  co_return made;
}

answer<v1::AttachResponse> attach(context& door, const v1::AttachRequest& request) {
  GANTRY_CO_LET(auto found, co_await find_running(door, request.container_id()));
  attach_request what;
  what.container = found.name.id;
  what.streams = {request.stdin(), request.stdout(), request.stderr(), request.tty()};
  v1::AttachResponse made;
  GANTRY_CO_LET(*made.mutable_url(), door.streams->url_for(std::move(what)));
  co_return made;
}

answer<v1::PortForwardResponse> port_forward(context& door, const v1::PortForwardRequest& request) {
  GANTRY_CO_LET(auto pod, co_await find_pod(door, request.pod_sandbox_id()));
  if (pod->now != pod_phase::ready) co_return fail(errc::failed_precondition, "pod {} is not ready", pod->name.id);
  port_forward_request what{pod->name.id};
  v1::PortForwardResponse made;
  GANTRY_CO_LET(*made.mutable_url(), door.streams->url_for(std::move(what)));
  co_return made;
}

} // namespace gantry::cri::calls
