#include "runtime/monitor/native_order.hpp"

#include "runtime/sys/wire.hpp"

namespace gantry::monitor {

std::string encode(const native_order& order) {
  sys::wire_writer out;
  out.put(native::encode(order.plan)).put(order.id).put(order.bundle).put(order.cgroup_path).put(order.idle_cgroups);
  out.put(order.exec).put(order.namespaces);
  return out.take();
}

result<native_order> decode_native_order(std::string_view bytes) {
  sys::wire_reader in(bytes);
  native_order order;
  std::string plan;
  in.get(plan);
  in.get(order.id);
  in.get(order.bundle);
  in.get(order.cgroup_path);
  in.get(order.idle_cgroups);
  in.get(order.exec);
  in.get(order.namespaces);
  if (!in.done()) return fail(errc::corrupt, "zygote: an order has the wrong form");
  GANTRY_LET(order.plan, native::decode_container_plan(plan));
  return order;
}

result<native::started> carry_out_order(const native_order& order, const std::vector<sys::unique_fd>& descriptors,
                                        int niceness) {
  const std::size_t expected = 3 + (order.plan.process.terminal ? 1 : 0) + (order.exec ? 1 : 0);
  if (descriptors.size() != expected)
    return fail(errc::corrupt, "zygote: {} descriptors where {} are needed", descriptors.size(), expected);
  native::launch_descriptors given;
  if (order.plan.process.terminal) {
    given.console_socket = descriptors[3].get();
  } else {
    given.input = descriptors[0].get();
    given.output = descriptors[1].get();
    given.error_output = descriptors[2].get();
  }
  native::launch_options options;
  options.id = order.id;
  options.bundle = order.bundle;
  options.sibling = true;
  options.niceness = niceness;
  options.host = cgroup::of_host();
  options.cgroup_path = order.cgroup_path;
  options.idle_cgroups = order.idle_cgroups;
  if (!order.exec) {
    options.make_cgroups = true;
    return native::needs_attendant(order.plan) ? native::launch_attended(order.plan, given, options)
                                               : native::launch_init(order.plan, given, options);
  }
  native::cgroup_handles groups;
  if (options.host != nullptr) {
    GANTRY_LET(groups, native::open_cgroups(*options.host, order.cgroup_path));
    options.cgroups = &groups;
  }
  const native::exec_target target{descriptors.back().get(), order.namespaces};
  return native::launch_exec(order.plan.process, order.plan.seccomp, target, given, options);
}

} // namespace gantry::monitor
