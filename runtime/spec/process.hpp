#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/spec/capabilities.hpp"
#include "runtime/spec/spec.hpp"
#include "runtime/spec/user.hpp"

/// The `process` member (runtime-spec config.md, "Process"). Internal to runtime/spec.
namespace gantry::spec {

using json = nlohmann::ordered_json;

/// What init executes, by Docker's rules: the user's entrypoint puts the image's command out of force; an entrypoint of
/// one empty word means none. Errors: invalid_argument, "no command specified".
result<std::vector<std::string>> merge_arguments(const container_options& options, const image_config& image);

/// Sets "NAME=value" in `env`, or removes "NAME": the first place stays.
void set_variable(std::vector<std::string>& env, const std::string& assignment);

/// The value of NAME in `env`; nullptr when it is not set.
const char* variable(const std::vector<std::string>& env, std::string_view name);

/// PATH, HOSTNAME, TERM and HOME below the image's below the user's. Errors: invalid_argument.
result<std::vector<std::string>> merge_environment(const spec_input& input, const std::string& home);

/// The user's, else the image's, else "/"; cleaned. Errors: invalid_argument for a user's that is not absolute.
result<std::string> working_directory(const container_options& options, const image_config& image);

/// process.capabilities: root has them all in force, others only as a bound, as execve(2) would leave them; those in
/// `ambient` besides, whoever the user is (capabilities(7), "Ambient": they must be inheritable and permitted).
json capabilities_json(capability_set set, capability_set ambient, std::uint32_t uid);

/// consoleSize, if there is one to tell.
void set_console(json& process, const console_size& size);

json user_json(const process_user& who);

/// process.rlimits: the user's over the engine's. A hard limit above the engine's own is clamped with a warning when
/// the engine may not raise it. Errors: invalid_argument.
result<json> rlimits_json(const spec_input& input, std::vector<std::string>& warnings);

/// process.oomScoreAdj, clamped to what the engine may set (setting less than its own needs CAP_SYS_RESOURCE).
result<int> oom_score(const spec_input& input, std::vector<std::string>& warnings);

/// The text of a value; bytes that are not UTF-8 become U+FFFD.
std::string to_text(const json& value);

} // namespace gantry::spec
