#include "tools/gantry/commands/archives.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class save_command final : public archive_command {
  [[nodiscard]] std::string target_of(const operands& given) const override {
    std::string target = "/images/get";
    for (const auto& image : given) http::add_query(target, "names", image);
    return target;
  }
};

} // namespace

const verb save_verb{.operands = "IMAGE [IMAGE...]",
                     .summary = "Write images as a tar archive",
                     .least = 1,
                     .most = any_number,
                     .make = make_command<save_command>,
                     .completes = "image"};

} // namespace gantry::cli
