#include "tools/gantry/commands/prune_objects.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class system_prune_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--force", forced_, "Do not ask");
    app.flag("-a,--all", all_, "All images that no container uses, not only those without a name");
    app.flag("--volumes", volumes_, "Anonymous volumes too");
  }

  result<int> execute(context& with, const operands&) override {
    auto what = fmt::format("all stopped containers, networks that no container is on and {} images{}",
                            all_ ? "all unused" : "dangling", volumes_ ? " and anonymous volumes" : "");
    GANTRY_LET(auto agreed, confirm_prune(with, what, forced_));
    if (!agreed) return 0;
    std::int64_t reclaimed = 0;
    std::vector<std::string> images;
    if (all_) images.emplace_back("dangling=false");
    GANTRY_TRY(prune(with, prune_containers, {}, reclaimed));
    GANTRY_TRY(prune(with, prune_networks, {}, reclaimed));
    if (volumes_) GANTRY_TRY(prune(with, prune_volumes, {}, reclaimed));
    GANTRY_TRY(prune(with, prune_images, images, reclaimed));
    print_reclaimed(with, reclaimed);
    return 0;
  }

private:
  bool forced_ = false, all_ = false, volumes_ = false;
};

} // namespace

const verb system_prune_verb{
    .operands = "", .summary = "Remove what is not used", .make = make_command<system_prune_command>};

} // namespace gantry::cli
