#include <spdlog/spdlog.h>

#include "actors/network.hpp"
#include "runtime/network/cni/failure.hpp"

namespace gantry::network_steps {
namespace {

const launcher_actor& any_launcher(const network_state& state) { return state.parts.launchers.front(); }

/// Runs one program; a failure to run it at all is an error, its exit code is not.
void run(self_pointer self, const launcher_actor& where, monitor::run_process request,
         std::function<void(result<monitor::process_result>)> then) {
  ask<monitor::process_result>(self, where, deadline::inner, std::move(request), std::move(then));
}

error failed_step(const monitor::run_process& step, const monitor::process_result& reply) {
  return {errc::unavailable,
          fmt::format("{} ended with {}: {}", fmt::join(step.argv, " "), reply.exit_code, reply.error_output), 0};
}

void apply(self_pointer self, std::shared_ptr<std::deque<network::host_step>> steps, const outcome_callback& then);

void apply_first(self_pointer self, const std::shared_ptr<std::deque<network::host_step>>& steps,
                 const outcome_callback& then) {
  auto step = steps->front().apply;
  run(self, any_launcher(self->state), step, [self, steps, step, then](const result<monitor::process_result>& r) {
    if (!r) return then(tl::unexpected<error>(r.error()));
    if (r->exit_code != 0) return then(tl::unexpected<error>(failed_step(step, *r)));
    steps->pop_front();
    apply(self, steps, then);
  });
}

void apply(self_pointer self, std::shared_ptr<std::deque<network::host_step>> steps, const outcome_callback& then) {
  if (steps->empty()) return then({});
  if (steps->front().probe.argv.empty()) return apply_first(self, steps, then);
  run(self, any_launcher(self->state), steps->front().probe,
      [self, steps, then](const result<monitor::process_result>& r) {
        if (!r) return then(tl::unexpected<error>(r.error()));
        if (r->exit_code != 0) return apply_first(self, steps, then);
        steps->pop_front();
        apply(self, steps, then);
      });
}

void run_all(self_pointer self, std::shared_ptr<std::deque<monitor::run_process>> steps, std::function<void()> then) {
  if (steps->empty()) return then();
  auto step = std::move(steps->front());
  steps->pop_front();
  run(self, any_launcher(self->state), std::move(step),
      [self, steps, then](const auto&) { run_all(self, steps, then); });
}

void run_portmap(self_pointer self, monitor::run_process request, std::uint32_t monitor, outcome_callback then) {
  const auto& launchers = self->state.parts.launchers;
  run(self, launchers[monitor % launchers.size()], std::move(request),
      [then](const result<monitor::process_result>& r) {
        if (!r) return then(tl::unexpected<error>(r.error()));
        if (r->exit_code != 0) return then(tl::unexpected<error>(network::cni_failure("portmap", *r)));
        then({});
      });
}

} // namespace

void publish_ports(self_pointer self, const network::bridge_network& bridge, const network::attachment& end,
                   std::uint32_t monitor, outcome_callback then) {
  if (end.ports.empty()) return then({});
  run_portmap(self, network::publish_ports(bridge, end), monitor, std::move(then));
}

void withdraw_ports(self_pointer self, const network::bridge_network& bridge, const network::attachment& end,
                    std::uint32_t monitor, outcome_callback then) {
  if (end.ports.empty()) return then({});
  run_portmap(self, network::withdraw_ports(bridge, end), monitor, std::move(then));
}

void disconnect(self_pointer self, const network::attachment& end, outcome_callback then) {
  if (end.namespace_path.empty()) return then({});
  ask<done>(self, self->state.parts.links, deadline::inner, disconnect_link{end.namespace_path, end.interface},
            [then](const result<done>& r) { then(r ? result<void>() : tl::unexpected<error>(r.error())); });
}

void run_program(self_pointer self, std::uint32_t monitor, monitor::run_process request, outcome_callback then) {
  const auto& launchers = self->state.parts.launchers;
  run(self, launchers[monitor % launchers.size()], request, [request, then](const result<monitor::process_result>& r) {
    if (!r) return then(tl::unexpected<error>(r.error()));
    if (r->exit_code != 0) return then(tl::unexpected<error>(failed_step(request, *r)));
    then({});
  });
}

void list_rules(self_pointer self, bool ipv6, std::function<void(result<network::nat_rules>)> then) {
  run(self, any_launcher(self->state), network::list_nat_rules(network::ip_family::v4),
      [self, ipv6, then](const result<monitor::process_result>& four) {
        if (!four) return then(tl::unexpected<error>(four.error()));
        if (!ipv6) return then(network::nat_rules{four->output, {}});
        run(self, any_launcher(self->state), network::list_nat_rules(network::ip_family::v6),
            // Where ip6tables cannot be run, it has made nothing either.
            [then, v4 = four->output](const result<monitor::process_result>& six) {
              then(network::nat_rules{v4, six ? six->output : std::string()});
            });
      });
}

void prepare(self_pointer self, const network::bridge_network& bridge, outcome_callback then) {
  if (auto forwarding = network::enable_forwarding(bridge); !forwarding) return then(std::move(forwarding));
  auto steps = network::prepare_host(bridge);
  apply(self, std::make_shared<std::deque<network::host_step>>(steps.begin(), steps.end()),
        [self, bridge, then](const result<void>& r) {
          if (!r) return then(r);
          ask<done>(
              self, self->state.parts.links, deadline::inner, make_bridge{network::link_of(bridge)},
              [then](const result<done>& made) { then(made ? result<void>() : tl::unexpected<error>(made.error())); });
        });
}

void clean(self_pointer self, const network::bridge_network& bridge, std::function<void()> then) {
  list_rules(self, bridge.has_ipv6(), [self, bridge, then](const result<network::nat_rules>& r) {
    if (!r) {
      spdlog::error("network {}: its rules stay: {}", bridge.name, r.error().message);
      return then();
    }
    auto steps = network::clean_host(bridge, *r);
    run_all(self, std::make_shared<std::deque<monitor::run_process>>(steps.begin(), steps.end()), then);
  });
}

} // namespace gantry::network_steps
