#include "tools/gantry/commands/archives.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class export_command final : public archive_command {
  [[nodiscard]] std::string target_of(const operands& given) const override {
    return container_path(given[0], "export");
  }
};

} // namespace

const verb export_verb{.operands = "CONTAINER",
                       .summary = "Write a container's files as a tar archive",
                       .least = 1,
                       .most = 1,
                       .make = make_command<export_command>,
                       .completes = "container"};

} // namespace gantry::cli
