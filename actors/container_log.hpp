#pragma once

#include "messages/domain/image.hpp"
#include "messages/domain/monitor.hpp"

namespace gantry::container {

/// Where this container's output goes, and what stands with each entry of it. Pure.
monitor::log_target log_target_of(const container_record& record, const image_config& image);

} // namespace gantry::container
