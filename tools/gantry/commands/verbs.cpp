#include "tools/gantry/commands/verbs.hpp"

#include <array>

namespace gantry::cli {

std::span<const entry> all_verbs() {
  static const std::array container{
      entry{"attach", &attach_verb}, entry{"cp", &cp_verb},           entry{"create", &create_verb},
      entry{"exec", &exec_verb},     entry{"export", &export_verb},   entry{"inspect", &inspect_verb},
      entry{"kill", &kill_verb},     entry{"logs", &logs_verb},       entry{"ls", &ps_verb},
      entry{"pause", &pause_verb},   entry{"port", &port_verb},       entry{"prune", &container_prune_verb},
      entry{"rename", &rename_verb}, entry{"restart", &restart_verb}, entry{"rm", &rm_verb},
      entry{"run", &run_verb},       entry{"start", &start_verb},     entry{"stats", &stats_verb},
      entry{"stop", &stop_verb},     entry{"top", &top_verb},         entry{"unpause", &unpause_verb},
      entry{"wait", &wait_verb},
  };
  static const std::array image{entry{"inspect", &inspect_verb}, entry{"ls", &images_verb},
                                entry{"prune", &image_prune_verb}, entry{"pull", &pull_verb}, entry{"rm", &rmi_verb}};
  static const std::array volume{entry{"create", &volume_create_verb}, entry{"inspect", &volume_inspect_verb},
                                 entry{"ls", &volume_ls_verb}, entry{"prune", &volume_prune_verb},
                                 entry{"rm", &volume_rm_verb}};
  static const std::array network{entry{"inspect", &network_inspect_verb}, entry{"ls", &network_ls_verb}};
  static const std::array system{entry{"df", &system_df_verb}, entry{"events", &events_verb}, entry{"info", &info_verb},
                                 entry{"prune", &system_prune_verb}};
  static const group container_group{"Commands for containers", container}, image_group{"Commands for images", image},
      volume_group{"Commands for volumes", volume}, network_group{"Commands for networks", network},
      system_group{"Commands for the whole engine", system};
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
                              entry{"cp", &cp_verb},
                              entry{"export", &export_verb},
                              entry{"rm", &rm_verb},
                              entry{"pull", &pull_verb},
                              entry{"images", &images_verb},
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
                              entry{"__complete", &complete_verb}};
  return all;
}

} // namespace gantry::cli
