#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messages/domain/health.hpp"

/// How a health check is made of what image and user say, and what its results mean (Docker Engine API, HealthConfig;
/// dockerfile(5), HEALTHCHECK). Pure.
namespace gantry::health {

/// The user's over the image's, field by field; none when there is no command, or it is NONE.
std::optional<healthcheck> choose(const std::optional<healthcheck>& user, const std::optional<healthcheck>& image);

/// What a probe executes. `shell`: what a line is handed to, as its last argument.
std::vector<std::string> command_of(const healthcheck& check, const std::vector<std::string>& shell);

/// How long a probe may take.
std::chrono::nanoseconds timeout_of(const healthcheck& check);

/// From now until the next probe, of a container that has run for `up`.
std::chrono::nanoseconds until_next(const healthcheck& check, health_status now, std::chrono::nanoseconds up);

/// Takes a result into the state. `up`: how long the container had run when the probe began.
void take(health_state& state, const healthcheck& check, probe_result result, std::chrono::nanoseconds up);

/// A probe's output as it is kept: its first max_probe_output bytes, and "..." after what was cut.
std::string kept_output(std::string output);

/// A length of time as Go prints it, for messages that clients compare: "30s", "1m30s", "1.5s", "200ms".
std::string go_duration(std::chrono::nanoseconds time);

} // namespace gantry::health
