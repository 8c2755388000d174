#pragma once

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

// One verb a file, each named after its command.
extern const verb attach_verb, complete_verb, completion_verb, cp_verb, create_verb, events_verb, exec_verb,
    export_verb, images_verb, info_verb, inspect_verb, kill_verb, logs_verb, pause_verb, port_verb, ps_verb, pull_verb,
    rename_verb, restart_verb, rm_verb, rmi_verb, run_verb, spec_verb, start_verb, stats_verb, stop_verb, top_verb,
    unpause_verb, version_verb, wait_verb;
extern const verb container_prune_verb, image_prune_verb, system_df_verb, system_prune_verb;
extern const verb network_inspect_verb, network_ls_verb;
extern const verb volume_create_verb, volume_inspect_verb, volume_ls_verb, volume_prune_verb, volume_rm_verb;

/// The commands in the order of the help.
std::span<const entry> all_verbs();

} // namespace gantry::cli
