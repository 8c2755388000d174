#include <array>

#include "tools/gantry/commands/inspect_object.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

constexpr std::array kinds{container_kind, image_kind, volume_kind, network_kind};

class inspect_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-f,--format", format_, "json, or a template such as '{{.State.Status}}'");
    app.flag("--json", as_json_, "One JSON document a line");
    app.flag("-s,--size", sizes_, "Show the sizes of containers");
    app.choice("--type", type_, {"container", "image", "volume", "network"},
               "What the names are of: container, image, volume or network");
  }

  result<int> execute(context& with, const operands& given) override {
    if (as_json_) format_ = "json";
    for (const auto& kind : kinds)
      if (kind.name == type_) return inspect_objects(with, given, {&kind, 1}, format_, sizes_);
    return inspect_objects(with, given, kinds, format_, sizes_);
  }

private:
  std::string format_, type_;
  bool as_json_ = false, sizes_ = false;
};

} // namespace

const verb inspect_verb{.operands = "NAME|ID [NAME|ID...]",
                        .summary = "Show all that is known of containers, images, volumes or networks",
                        .least = 1,
                        .most = any_number,
                        .make = make_command<inspect_command>,
                        .completes = "container"};

} // namespace gantry::cli
