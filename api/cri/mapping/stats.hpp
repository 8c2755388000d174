#pragma once

#include <optional>

#include "api/cri/cri.pb.h"
#include "api/door/proc.hpp"
#include "messages/domain/container.hpp"
#include "messages/domain/pod.hpp"
#include "messages/writable_usage.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// A container's use of the host.
struct container_use {
  std::optional<door::usage> now;    ///< none for one that does not run
  std::optional<writable_use> layer; ///< none for one without a writable layer, or that could not be measured
  door::footprint more{};            ///< of measure_all alone
};

/// Bytes that the kernel cannot drop without more.
std::uint64_t working_set(const cgroup::stats& of);

/// `root`: where writable layers lie.
v1::ContainerStats render_container_stats(const container_record& of, const container_use& use,
                                          const std::string& root);

/// A pod's, which is that of its containers: it has no process of its own.
class pod_stats {
public:
  explicit pod_stats(const pod_record& of);
  void add(const v1::ContainerStats& container, const std::optional<door::usage>& now);
  v1::PodSandboxStats take() { return std::move(made_); }

private:
  v1::PodSandboxStats made_;
  bool shares_network_ = false; ///< the containers' network is the pod's own, not the node's
};

} // namespace gantry::cri
