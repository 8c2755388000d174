#pragma once

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

// One verb a file, each named after its command.
extern const verb attach_verb, commit_verb, complete_verb, completion_verb, cp_verb, create_verb, diff_verb,
    events_verb, exec_verb, export_verb, history_verb, images_verb, import_verb, info_verb, inspect_verb, kill_verb,
    load_verb, logs_verb, pause_verb, port_verb, ps_verb, pull_verb, push_verb, rename_verb, restart_verb, rm_verb,
    rmi_verb, run_verb, save_verb, spec_verb, start_verb, stats_verb, stop_verb, tag_verb, top_verb, unpause_verb,
    update_verb, version_verb, wait_verb;
extern const verb container_prune_verb, image_prune_verb, system_df_verb, system_prune_verb;
extern const verb network_connect_verb, network_create_verb, network_disconnect_verb, network_inspect_verb,
    network_ls_verb, network_prune_verb, network_rm_verb;
extern const verb volume_create_verb, volume_inspect_verb, volume_ls_verb, volume_prune_verb, volume_rm_verb;

/// The commands in the order of the help.
std::span<const entry> all_verbs();

} // namespace gantry::cli
