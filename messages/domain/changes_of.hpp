#pragma once

#include "messages/domain/container.hpp"
#include "messages/domain/image_change.hpp"

namespace gantry {

/// What a container's options say of the image that is made of it (`commit`). Pure.
image_changes changes_of(const container_options& options);

/// `over` on top of `under`. As in Docker, an entrypoint that is set takes the command below it away.
image_changes merged(image_changes under, const image_changes& over);

} // namespace gantry
