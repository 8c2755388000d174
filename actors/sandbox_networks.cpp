#include <algorithm>
#include <set>

#include <spdlog/spdlog.h>

#include "actors/sandbox_of.hpp"
#include "actors/sandbox_supervisor.hpp"

namespace gantry::sandbox {
namespace {

bool user_defined(const network_endpoint& end) { return end.network != "bridge"; }

void write_record(self_pointer self) {
  record_changes changes{{store::put_sandbox{self->state.record, store::when_there::require}}, false};
  ask<done>(self, self->state.parts->metadata, deadline::inner, std::move(changes), [self](const auto& r) {
    // After the container's removal there is no record any more: the network of a removed one is unmade last.
    if (!r && r.error().code != errc::not_found)
      spdlog::error("sandbox {}: its record: {}", to_string(self->state.record.name), r.error().message);
  });
}

/// The endpoints have changed: for the records, the lists and the container's next start.
void publish(self_pointer self) {
  auto& state = self->state;
  state.namespaces.endpoints = state.record.endpoints;
  write_record(self);
  state.parts->tell_catalog(endpoint_changed{state.record.name, state.record.endpoints});
}

void emit(self_pointer self, std::string action, const network_endpoint& end) {
  const auto& name = self->state.record.name;
  event what{name.ns, event::subject::network, std::move(action), end.network, {}, now()};
  what.attributes = {
      {"container", name.id}, {"name", user_defined(end) ? end.asked.name : "bridge"}, {"type", "bridge"}};
  tell(self->state.parts->events, std::move(what));
}

network_endpoint* find(sandbox_record& record, const std::string& network) {
  for (auto& end : record.endpoints)
    if (end.network == network) return &end;
  return nullptr;
}

bool has_way_out(const sandbox_record& record) {
  return std::any_of(record.endpoints.begin(), record.endpoints.end(),
                     [](const auto& end) { return end.default_route; });
}

/// As it was asked for; else one that no other end has or has asked for.
std::string interface_for(const sandbox_record& record, const endpoint_options& asked) {
  if (!asked.interface.empty()) return asked.interface;
  std::set<std::string> taken;
  for (const auto& end : record.endpoints) {
    taken.insert(end.asked.interface);
    if (end.attached) taken.insert(end.interface);
  }
  for (int n = 0;; ++n)
    if (auto name = fmt::format("eth{}", n); !taken.contains(name)) return name;
}

// -- attaching --------------------------------------------------------------------------------------------------------

/// What the options alone do not say: the name of a container that none was given, and its image's ports.
bool wants_view(const sandbox_supervisor_state& state) {
  const auto& ends = state.record.endpoints;
  return state.options.publish_all || std::any_of(ends.begin(), ends.end(), user_defined);
}

void with_view(self_pointer self, outcome_callback then) {
  auto& state = self->state;
  if (!wants_view(state)) return then({});
  find_container request{state.record.name.ns, state.record.name.id};
  ask<found_container>(self, state.parts->catalog, deadline::inner, std::move(request),
                       [self, then](const result<found_container>& r) {
                         if (!r) return then(tl::unexpected<error>(r.error()));
                         self->state.view = r->view;
                         then({});
                       });
}

/// Who is asked for what a network does not know itself; nobody in particular: the host's.
const std::vector<std::string>& servers_of(const sandbox_supervisor_state& state) {
  return state.options.dns.empty() ? state.parts->config->dns : state.options.dns;
}

attach_network request_for(const sandbox_supervisor_state& state, const network_endpoint& end) {
  attach_network request;
  request.sandbox = state.record.name;
  request.end = end;
  request.end.default_route = !has_way_out(state.record);
  if (user_defined(end) && state.view) request.end.names = names_of(*state.view, end.asked.aliases);
  request.namespace_path = state.namespaces.network;
  request.ports = state.view && state.options.publish_all ? all_ports_of(state.view->options) : state.record.ports;
  request.dns = servers_of(state);
  request.monitor = state.record.monitor;
  return request;
}

void attach_next(self_pointer self, std::size_t index, const outcome_callback& then) {
  auto& state = self->state;
  if (index == state.record.endpoints.size()) {
    publish(self);
    return then({});
  }
  auto request = request_for(state, state.record.endpoints[index]);
  ask<network_endpoint>(self, state.parts->network, deadline::network, std::move(request),
                        [self, index, then](result<network_endpoint> r) {
                          if (!r) return then(tl::unexpected<error>(std::move(r.error())));
                          emit(self, "connect", *r);
                          self->state.record.endpoints[index] = std::move(*r);
                          attach_next(self, index + 1, then);
                        });
}

/// Recorded before the first syscall, so that recovery knows that there may be something to detach.
void record_then(self_pointer self, const outcome_callback& then, std::function<void()> go_on) {
  record_changes changes{{store::put_sandbox{self->state.record, store::when_there::require}}, false};
  ask<done>(self, self->state.parts->metadata, deadline::inner, std::move(changes), [then, go_on](result<done> r) {
    if (!r) return then(tl::unexpected<error>(std::move(r.error())));
    go_on();
  });
}

// -- detaching --------------------------------------------------------------------------------------------------------

/// `path`: of the namespace that stays without this end; empty where the namespace goes, and the link with it: the
/// kernel then takes many apart at once, while the removal of one link waits for all CPUs.
void detach(self_pointer self, const network_endpoint& end, const std::string& path, const outcome_callback& then) {
  detach_network request{self->state.record.name, end, path, self->state.record.monitor};
  ask<done>(self, self->state.parts->network, deadline::network, std::move(request), [self, end, then](const auto& r) {
    if (!r) return then(tl::unexpected<error>(r.error()));
    emit(self, "disconnect", end);
    if (auto* mine = find(self->state.record, end.network)) *mine = detached(end.asked);
    then({});
  });
}

void detach_next(self_pointer self, std::size_t index, const std::function<void()>& then) {
  auto& ends = self->state.record.endpoints;
  while (index < ends.size() && !ends[index].attached) ++index;
  if (index == ends.size()) {
    publish(self);
    return then();
  }
  detach(self, ends[index], {}, [self, index, then](const result<void>& r) {
    if (!r)
      spdlog::error("sandbox {}: detaching its network: {}", to_string(self->state.record.name), r.error().message);
    detach_next(self, index + 1, then);
  });
}

// -- while it runs ----------------------------------------------------------------------------------------------------

void attach_one(self_pointer self, const std::string& network, const outcome_callback& then) {
  auto request = request_for(self->state, *find(self->state.record, network));
  ask<network_endpoint>(self, self->state.parts->network, deadline::network, std::move(request),
                        [self, network, then](result<network_endpoint> r) {
                          auto& record = self->state.record;
                          if (r) {
                            emit(self, "connect", *r);
                            *find(record, network) = std::move(*r);
                          } else {
                            std::erase_if(record.endpoints, [&](const auto& end) { return end.network == network; });
                          }
                          publish(self);
                          then(r ? result<void>() : tl::unexpected<error>(r.error()));
                        });
}

/// The way out has gone: the next network takes over, if one is left. (An internal one is none, and says so.)
void choose_way_out(self_pointer self, std::size_t index, const outcome_callback& then) {
  auto& state = self->state;
  auto& ends = state.record.endpoints;
  if (has_way_out(state.record) || index == ends.size()) {
    publish(self);
    return then({});
  }
  move_default_route request{request_for(state, ends[index])};
  ask<network_endpoint>(self, state.parts->network, deadline::network, std::move(request),
                        [self, index, then](result<network_endpoint> r) {
                          if (!r) return then(tl::unexpected<error>(std::move(r.error())));
                          self->state.record.endpoints[index] = std::move(*r);
                          choose_way_out(self, index + 1, then);
                        });
}

result<void> may_connect(const sandbox_record& record, const endpoint_options& how) {
  if (record.network_mode == "none")
    return fail(errc::denied,
                "container cannot be connected to multiple networks with one of the networks in private (none) mode");
  if (!owns_network(record))
    return fail(errc::denied, "container sharing network namespace with another container or host cannot be connected "
                              "to any other network");
  for (const auto& end : record.endpoints)
    if (end.network == how.network)
      return fail(errc::denied, "endpoint of container {} already exists in network {}", record.name.id, how.name);
  return {};
}

} // namespace

bool owns_network(const sandbox_record& record) {
  return record.network_mode != "host" && record.network_mode != "none" &&
         !record.network_mode.starts_with("container:");
}

void attach_all(self_pointer self, outcome_callback then) {
  with_view(self, [self, then](const result<void>& r) {
    if (!r) return then(r);
    for (auto& end : self->state.record.endpoints) {
      end.interface = interface_for(self->state.record, end.asked);
      end.attached = true;
    }
    record_then(self, then, [self, then] { attach_next(self, 0, then); });
  });
}

void detach_all(self_pointer self, std::function<void()> then) {
  const auto& ends = self->state.record.endpoints;
  if (std::none_of(ends.begin(), ends.end(), [](const auto& end) { return end.attached; })) return then();
  detach_next(self, 0, then);
}

void connect(self_pointer self, const endpoint_options& how, outcome_callback then) {
  auto& state = self->state;
  if (auto may = may_connect(state.record, how); !may) return then(may);
  auto end = detached(how);
  end.attached = state.ready;
  end.interface = interface_for(state.record, how);
  state.record.endpoints.push_back(std::move(end));
  if (!state.ready) {
    publish(self);
    return then({});
  }
  auto failed = [self, network = how.network, then](const result<void>& r) {
    std::erase_if(self->state.record.endpoints, [&](const auto& one) { return one.network == network; });
    then(r);
  };
  with_view(self, [self, how, failed, then](const result<void>& r) {
    if (!r) return failed(r);
    record_then(self, failed, [self, how, then] { attach_one(self, how.network, then); });
  });
}

void disconnect(self_pointer self, const std::string& network, outcome_callback then) {
  auto& record = self->state.record;
  auto* end = find(record, network);
  if (end == nullptr)
    return then(
        fail(errc::failed_precondition, "container {} is not connected to network {}", record.name.id, network));
  auto forget = [self, network, then](const result<void>& r) {
    if (!r) return then(r);
    std::erase_if(self->state.record.endpoints, [&](const auto& one) { return one.network == network; });
    if (self->state.ready) return choose_way_out(self, 0, then);
    publish(self);
    then({});
  };
  if (end->attached)
    detach(self, *end, self->state.namespaces.network, forget);
  else
    forget({});
}

void rename(self_pointer self, const std::string& display_name) {
  auto& state = self->state;
  if (!state.ready) return; // the next start asks
  for (auto& end : state.record.endpoints) {
    if (!user_defined(end) || end.names.empty()) continue;
    end.names.front() = display_name;
    tell(state.parts->network, rename_endpoint{state.record.name, end});
  }
  publish(self);
}

void tell_recovered(self_pointer self) {
  auto& state = self->state;
  state.namespaces.endpoints = state.record.endpoints;
  for (const auto& end : state.record.endpoints)
    if (end.attached && state.ready)
      tell(state.parts->network, recover_endpoint{state.record.name, end, servers_of(state)});
  state.parts->tell_catalog(endpoint_changed{state.record.name, state.record.endpoints});
}

} // namespace gantry::sandbox
