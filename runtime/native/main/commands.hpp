#pragma once

#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/main/container_record.hpp"
#include "runtime/native/main/program_log.hpp"

/// The verbs of the OCI runtime's command line, as runc has them. Each gets the words after its name and returns the
/// program's exit code, or why it failed.
namespace gantry::oci_program {

using words = std::vector<std::string>;

result<int> command_create(const record_folder& records, const words& args, const program_log& log);
result<int> command_run(const record_folder& records, const words& args, const program_log& log);
result<int> command_start(const record_folder& records, const words& args, const program_log& log);
result<int> command_exec(const record_folder& records, const words& args, const program_log& log);
result<int> command_kill(const record_folder& records, const words& args, const program_log& log);
result<int> command_delete(const record_folder& records, const words& args, const program_log& log);
result<int> command_state(const record_folder& records, const words& args, const program_log& log);
result<int> command_list(const record_folder& records, const words& args, const program_log& log);
result<int> command_ps(const record_folder& records, const words& args, const program_log& log);
result<int> command_pause(const record_folder& records, const words& args, const program_log& log);
result<int> command_resume(const record_folder& records, const words& args, const program_log& log);
result<int> command_update(const record_folder& records, const words& args, const program_log& log);
result<int> command_events(const record_folder& records, const words& args, const program_log& log);
result<int> command_features(const record_folder& records, const words& args, const program_log& log);

/// The single word that a command takes, a container's id. Errors: invalid_argument.
result<std::string> only_id(const words& rest, const char* command);

/// What delete does, and run when its container has ended: cgroups, poststop hooks, records.
result<void> unmake(const record_folder& records, const container_record& record, const program_log& log);

} // namespace gantry::oci_program
