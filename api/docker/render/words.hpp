#pragma once

#include <string>

#include "messages/domain/container.hpp"

/// Texts of the Docker API that say something in words. Pure.
namespace gantry::docker {

/// The Status of a container in a list: "Up 3 minutes (Paused)", "Exited (0) 2 hours ago".
std::string status_words(const container_state& state, unix_nanos now);

/// RFC 3339 with nanoseconds; never (0) is Go's zero time, "0001-01-01T00:00:00Z".
std::string time_text(unix_nanos time);

/// The command as docker ps shows it: arguments with a space in single quotes.
std::string command_line(const std::vector<std::string>& args);

} // namespace gantry::docker
