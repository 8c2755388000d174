#include "actors/pod_network.hpp"

#include "runtime/network/cni/result.hpp"

namespace gantry {
namespace {

namespace cni = network::cni;
using self_pointer = pod_network_actor::stateful_pointer<pod_networks_state>;
using sequence_ptr = std::shared_ptr<cni::sequence>;

// -- turns ------------------------------------------------------------------------------------------------------------

void answer_draining(pod_networks_state& state) {
  if (state.running != 0 || !state.waiting.empty()) return;
  for (auto& promise : std::exchange(state.draining, {})) promise.deliver(done{});
}

void in_turn(self_pointer self, std::function<void()> operation) {
  auto& state = self->state;
  if (state.running == max_pod_network_operations) return state.waiting.push_back(std::move(operation));
  ++state.running;
  operation();
}

void operation_ended(self_pointer self) {
  auto& state = self->state;
  --state.running;
  if (!state.waiting.empty()) {
    auto next = std::move(state.waiting.front());
    state.waiting.pop_front();
    in_turn(self, std::move(next));
  }
  answer_draining(state);
}

// -- the calls --------------------------------------------------------------------------------------------------------

/// The node's network as its folder has it now.
result<cni::network_config> default_network(pod_networks_state& state) {
  const auto& folder = state.where.config;
  if (state.networks.fingerprint.empty() || cni::fingerprint_of(folder) != state.networks.fingerprint)
    state.networks = cni::load_folder(folder);
  auto found = state.networks.default_network(folder);
  if (!found) found.error().code = errc::unavailable;
  return found;
}

cni::attachment end_of(const pod_record& pod) {
  const auto& options = pod.options;
  cni::attachment end;
  end.id = pod.name.id;
  end.namespace_path = pod.network_namespace;
  end.args = cni::pod_arguments(options.metadata.ns, options.metadata.name, pod.name.id, options.metadata.uid);
  end.runtime.ports = options.ports;
  if (options.dns) end.runtime.dns = {options.dns->servers, options.dns->searches, options.dns->options};
  end.runtime.annotations = options.annotations;
  return end;
}

void run(self_pointer self, const sequence_ptr& calls, std::uint32_t monitor, std::function<void(result<void>)> then) {
  auto request = calls->next();
  if (!request) return then(calls->outcome());
  const auto& launchers = self->state.launchers;
  ask<monitor::process_result>(self, launchers[monitor % launchers.size()], deadline::inner, std::move(*request),
                               [self, calls, monitor, then](const result<monitor::process_result>& r) {
                                 if (auto fed = calls->feed(r); !fed) return then(std::move(fed));
                                 run(self, calls, monitor, then);
                               });
}

/// Runs one operation on one network to its end.
void operate(self_pointer self, const cni::network_config& network, cni::operation what, std::uint32_t monitor,
             std::function<void(result<sequence_ptr>)> then) {
  auto planned = cni::sequence::plan(network, self->state.where.plugins, std::move(what));
  if (!planned) return then(tl::unexpected<error>(planned.error()));
  auto calls = std::make_shared<cni::sequence>(std::move(*planned));
  run(self, calls, monitor, [calls, then](const result<void>& r) {
    if (r)
      then(calls);
    else
      then(tl::unexpected<error>(r.error()));
  });
}

result<pod_attachment> attachment_of(const cni::network_config& network, const std::string& added,
                                     const std::string& interface) {
  GANTRY_LET(auto got, cni::parse_result(added));
  pod_attachment made;
  for (const auto& address : got.addresses_of(interface)) made.addresses.push_back(address.ip);
  if (made.addresses.empty())
    return fail(errc::unavailable, "network {} ({}) gave the pod no address", network.name, network.file);
  made.network = network.document;
  made.result = added;
  return made;
}

// -- operations -------------------------------------------------------------------------------------------------------

void attach(self_pointer self, const pod_record& pod, caf::typed_response_promise<pod_attachment> promise) {
  auto finish = [self, promise](result<pod_attachment> r) mutable {
    deliver(promise, std::move(r));
    operation_ended(self);
  };
  auto network = default_network(self->state);
  if (!network) return finish(tl::unexpected<error>(network.error()));
  cni::operation add{cni::verb::add, end_of(pod), {}, {}};
  auto interface = add.end.interface;
  operate(self, *network, std::move(add), pod.monitor,
          [finish, network = *network, interface](const result<sequence_ptr>& r) mutable {
            if (!r) return finish(tl::unexpected<error>(r.error()));
            finish(attachment_of(network, (*r)->added(), interface));
          });
}

/// By the document that the ADD went by, or, when nothing is known of that, by what the node has now.
result<cni::network_config> network_of(pod_networks_state& state, const pod_record& pod) {
  if (pod.cni_network.empty()) return default_network(state);
  return cni::parse_network(pod.cni_network, "the record of pod " + pod.name.id);
}

void detach(self_pointer self, const pod_record& pod, caf::typed_response_promise<done> promise) {
  auto finish = [self, promise](const result<void>& r) mutable {
    if (r)
      promise.deliver(done{});
    else
      refuse(promise, r.error());
    operation_ended(self);
  };
  auto network = network_of(self->state, pod);
  // A node without a network has made no attachment.
  if (!network && pod.cni_network.empty()) return finish({});
  if (!network) return finish(tl::unexpected<error>(network.error()));
  operate(self, *network, {cni::verb::del, end_of(pod), pod.cni_result, {}}, pod.monitor,
          [finish](const result<sequence_ptr>& r) mutable {
            if (r)
              finish({});
            else
              finish(tl::unexpected<error>(r.error()));
          });
}

pod_network_state describe(pod_networks_state& state) {
  pod_network_state now_is;
  auto network = default_network(state);
  auto plugins = network ? cni::sequence::plan(*network, state.where.plugins, {cni::verb::version, {}, {}, {}})
                         : tl::unexpected<error>(network.error());
  now_is.ready = plugins.has_value();
  if (network) now_is.config_file = network->file;
  if (now_is.ready) return now_is;
  now_is.reason = "NetworkPluginNotReady";
  now_is.message = plugins.error().message;
  return now_is;
}

} // namespace

pod_network_actor::behavior_type pod_network_supervisor(self_pointer self, cni_paths where,
                                                        std::vector<launcher_actor> launchers) {
  self->state.where = std::move(where);
  self->state.launchers = std::move(launchers);
  return {
      [self](const attach_pod& request) -> caf::result<pod_attachment> {
        auto promise = self->make_response_promise<pod_attachment>();
        in_turn(self, [self, pod = request.pod, promise] { attach(self, *pod, promise); });
        return promise;
      },
      [self](const detach_pod& request) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        in_turn(self, [self, pod = request.pod, promise] { detach(self, *pod, promise); });
        return promise;
      },
      [self](const ask_pod_network&) { return describe(self->state); },
      [self](const drain_network&) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        self->state.draining.push_back(promise);
        answer_draining(self->state);
        return promise;
      },
  };
}

} // namespace gantry
