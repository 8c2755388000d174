#pragma once

#include <string>
#include <vector>

#include "tools/gantry/commands/common.hpp"

namespace gantry::cli {

/// What a kind's prune removes: where it is asked for, the field of the answer that lists it, and the heading.
struct prune_kind {
  std::string_view path, field, heading, what;
};

inline constexpr prune_kind prune_containers{"/containers/prune", "ContainersDeleted", "Deleted Containers",
                                             "all stopped containers"},
    prune_images{"/images/prune", "ImagesDeleted", "Deleted Images", "all dangling images"},
    prune_volumes{"/volumes/prune", "VolumesDeleted", "Deleted Volumes",
                  "all anonymous volumes that no container uses"},
    prune_networks{"/networks/prune", "NetworksDeleted", "Deleted Networks", "all networks that no container is on"};

/// Asks on the console unless `forced`; true to go on. Without a terminal, what is not forced is refused.
result<bool> confirm_prune(context& with, const std::string& what, bool forced);

/// Prunes one kind, prints what went and adds the bytes to `reclaimed`.
result<void> prune(context& with, const prune_kind& kind, const std::vector<std::string>& filters,
                   std::int64_t& reclaimed);

/// "Total reclaimed space: 1.2MB".
void print_reclaimed(context& with, std::int64_t bytes);

/// The prune of one kind as a command.
class prune_command : public command {
public:
  explicit prune_command(const prune_kind& kind) : kind_(kind) {}
  void declare(option_set& app) override;
  result<int> execute(context& with, const operands& given) override;

protected:
  std::vector<std::string> filters_;
  bool all_ = false;

private:
  const prune_kind& kind_;
  bool forced_ = false;
};

} // namespace gantry::cli
