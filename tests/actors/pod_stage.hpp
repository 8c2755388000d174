#pragma once

#include "actors/pods.hpp"
#include "tests/actors/cast.hpp"

namespace gantry::test {

/// Real pods and containers among fakes of what touches the disk, the kernel or the net.
struct pod_stage : cast {
  pods_actor all = on.spawn(pods, std::shared_ptr<const engine_parts>(parts));

  static pod_options options_of(const std::string& name) {
    pod_options options;
    options.metadata = {name, "uid-" + name, "default", 0};
    options.hostname = name;
    options.log_directory = "/var/log/pods/" + name;
    return options;
  }
  static container_options container_of(const key& pod, const std::string& name, std::uint32_t attempt = 0) {
    container_options options;
    options.image = "alpine";
    options.in_pod.pod = pod;
    options.in_pod.name = name;
    options.in_pod.attempt = attempt;
    options.in_pod.log_path = name + "/0.log";
    return options;
  }

  answer<pod_running> run(const pod_options& options) {
    return on.ask<pod_running>(all, run_pod{pods_namespace, options, "kubelet"});
  }
  answer<pod_running> run(const std::string& name = "web") { return run(options_of(name)); }
  answer<created> create(const container_options& options) {
    return on.ask<created>(all, create_pod_container{options, "kubelet"});
  }
  answer<created> create(const key& pod, const std::string& name = "c", std::uint32_t attempt = 0) {
    return create(container_of(pod, name, attempt));
  }
  answer<done> start(const key& container) {
    auto found = look(container);
    return on.ask<done>(found.sandbox, start_container{"kubelet", container});
  }
  answer<done> stop(const key& pod) { return on.ask<done>(all, stop_pod{pod.ns, pod.id}); }
  answer<done> remove(const key& pod) { return on.ask<done>(all, remove_pod{pod.ns, pod.id}); }
  pod_record view(const key& pod) { return *on.ask<pod_view>(all, find_pod{pod.ns, pod.id}).value(); }
  std::vector<pod_view> list() { return on.ask<pod_table_ptr>(all, list_pods{pods_namespace}).value()->rows; }
  found_container look(const key& container) {
    return on.ask<found_container>(parts->catalog, find_container{container.ns, container.id}).value();
  }
  container_record row(const key& container) { return *look(container).view; }

  /// The pod's record as it was last written; none once it is erased.
  std::optional<pod_record> written(const key& pod) const {
    std::optional<pod_record> last;
    for (const auto& request : play.recorded)
      for (const auto& change : request.changes) {
        if (const auto* put = std::get_if<store::put_pod>(&change); put && put->record.name == pod) last = put->record;
        if (const auto* gone = std::get_if<store::erase_pod>(&change); gone && gone->name == pod) last.reset();
      }
    return last;
  }
};

} // namespace gantry::test
