#pragma once

#include "api/cri/cri.pb.h"
#include "messages/domain/container.hpp"
#include "messages/domain/pod.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// Errors: invalid_argument, naming the mount and what about it cannot be had, in a pod like this.
result<mount_request> parse_mount(const v1::Mount& from, const pod_options& pod);
v1::Mount render_mount(const mount_request& from);

/// Devices of the host, by path. Errors: invalid_argument.
result<device_mapping> parse_device(const v1::Device& from);

} // namespace gantry::cri
