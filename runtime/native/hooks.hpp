#pragma once

#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

namespace gantry::native {

/// The state of a container as hooks get it on stdin and `state` prints it (runtime-spec runtime.md, "State").
struct container_state {
  std::string id, status, bundle;
  pid_t pid = 0; ///< 0: not named
  std::vector<key_value> annotations;
};
std::string to_json(const container_state& state);
/// Text as a JSON string, with its quotes.
std::string json_string(std::string_view text);

/// Runs the hooks in order and waits for each. Errors: the first that cannot be run, exits with other than 0, or takes
/// longer than its timeout (it is then killed).
result<void> run_hooks(const std::vector<hook>& hooks, const char* kind, const std::string& state_json);

/// … but goes on after one that fails, as poststart and poststop hooks are to be run (runtime.md, "Lifecycle"). What
/// failed, in words for a warning each.
std::vector<std::string> run_all_hooks(const std::vector<hook>& hooks, const char* kind, const std::string& state_json);

} // namespace gantry::native
