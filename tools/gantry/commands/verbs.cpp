#include "tools/gantry/commands/verbs.hpp"

#include <array>

namespace gantry::cli {

namespace {

/// Docker's other name for a verb.
entry alias(std::string_view name, const verb* what) { return {name, what, entry::listing::hidden}; }

std::span<const entry> container_verbs() {
  static const std::array verbs{
      entry{"attach", &attach_verb},   entry{"commit", &commit_verb},
      entry{"cp", &cp_verb},           entry{"create", &create_verb},
      entry{"diff", &diff_verb},       entry{"exec", &exec_verb},
      entry{"export", &export_verb},   entry{"inspect", &inspect_verb},
      entry{"kill", &kill_verb},       entry{"logs", &logs_verb},
      entry{"ls", &ps_verb},           entry{"pause", &pause_verb},
      entry{"port", &port_verb},       entry{"prune", &container_prune_verb},
      entry{"rename", &rename_verb},   entry{"restart", &restart_verb},
      entry{"rm", &rm_verb},           entry{"run", &run_verb},
      entry{"start", &start_verb},     entry{"stats", &stats_verb},
      entry{"stop", &stop_verb},       entry{"top", &top_verb},
      entry{"unpause", &unpause_verb}, entry{"update", &update_verb},
      entry{"wait", &wait_verb},       alias("list", &ps_verb),
      alias("ps", &ps_verb),           alias("remove", &rm_verb),
  };
  return verbs;
}

std::span<const entry> image_verbs() {
  static const std::array verbs{
      entry{"history", &history_verb}, entry{"import", &import_verb}, entry{"inspect", &inspect_verb},
      entry{"load", &load_verb},       entry{"ls", &images_verb},     entry{"prune", &image_prune_verb},
      entry{"pull", &pull_verb},       entry{"push", &push_verb},     entry{"rm", &rmi_verb},
      entry{"save", &save_verb},       entry{"tag", &tag_verb},       alias("list", &images_verb),
      alias("remove", &rmi_verb),
  };
  return verbs;
}

std::span<const entry> volume_verbs() {
  static const std::array verbs{entry{"create", &volume_create_verb}, entry{"inspect", &volume_inspect_verb},
                                entry{"ls", &volume_ls_verb},         entry{"prune", &volume_prune_verb},
                                entry{"rm", &volume_rm_verb},         alias("list", &volume_ls_verb),
                                alias("remove", &volume_rm_verb)};
  return verbs;
}

std::span<const entry> network_verbs() {
  static const std::array verbs{entry{"connect", &network_connect_verb},
                                entry{"create", &network_create_verb},
                                entry{"disconnect", &network_disconnect_verb},
                                entry{"inspect", &network_inspect_verb},
                                entry{"ls", &network_ls_verb},
                                entry{"prune", &network_prune_verb},
                                entry{"rm", &network_rm_verb},
                                alias("list", &network_ls_verb),
                                alias("remove", &network_rm_verb)};
  return verbs;
}

std::span<const entry> system_verbs() {
  static const std::array verbs{entry{"df", &system_df_verb}, entry{"events", &events_verb}, entry{"info", &info_verb},
                                entry{"prune", &system_prune_verb}};
  return verbs;
}

} // namespace

std::span<const entry> all_verbs() {
  static const group container_group{"Commands for containers", container_verbs()},
      image_group{"Commands for images", image_verbs()}, volume_group{"Commands for volumes", volume_verbs()},
      network_group{"Commands for networks", network_verbs()},
      system_group{"Commands for the whole engine", system_verbs()};
  static const std::array all{entry{"run", &run_verb},
                              entry{"create", &create_verb},
                              entry{"start", &start_verb},
                              entry{"stop", &stop_verb},
                              entry{"restart", &restart_verb},
                              entry{"kill", &kill_verb},
                              entry{"pause", &pause_verb},
                              entry{"unpause", &unpause_verb},
                              entry{"ps", &ps_verb},
                              entry{"logs", &logs_verb},
                              entry{"exec", &exec_verb},
                              entry{"attach", &attach_verb},
                              entry{"wait", &wait_verb},
                              entry{"inspect", &inspect_verb},
                              entry{"top", &top_verb},
                              entry{"stats", &stats_verb},
                              entry{"port", &port_verb},
                              entry{"rename", &rename_verb},
                              entry{"update", &update_verb},
                              entry{"commit", &commit_verb},
                              entry{"diff", &diff_verb},
                              entry{"cp", &cp_verb},
                              entry{"export", &export_verb},
                              entry{"rm", &rm_verb},
                              entry{"pull", &pull_verb},
                              entry{"push", &push_verb},
                              entry{"images", &images_verb},
                              entry{"tag", &tag_verb},
                              entry{"history", &history_verb},
                              entry{"save", &save_verb},
                              entry{"load", &load_verb},
                              entry{"import", &import_verb},
                              entry{"rmi", &rmi_verb},
                              entry{"spec", &spec_verb},
                              entry{"events", &events_verb},
                              entry{"info", &info_verb},
                              entry{"version", &version_verb},
                              entry{"container", &container_group},
                              entry{"image", &image_group},
                              entry{"volume", &volume_group},
                              entry{"network", &network_group},
                              entry{"system", &system_group},
                              entry{"completion", &completion_verb},
                              alias("__complete", &complete_verb)};
  return all;
}

} // namespace gantry::cli
