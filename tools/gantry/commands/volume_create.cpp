#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

class volume_create_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-d,--driver", driver_, "Driver of the volume");
    app.list("-o,--opt", options_, "Option of the driver: KEY=VALUE");
    app.list("--label", labels_, "Label: KEY=VALUE");
  }

  result<int> execute(context& with, const operands& given) override {
    json body = json::object();
    if (!given.empty()) body["Name"] = given[0];
    body["Driver"] = driver_;
    GANTRY_LET(auto options, pairs_of("--opt", options_));
    if (!options.empty()) body["DriverOpts"] = options;
    GANTRY_LET(auto labels, labels_of({}, labels_, surroundings::of_process()));
    if (!labels.empty()) body["Labels"] = labels;
    GANTRY_LET(auto volume, with.api.post("/volumes/create", body));
    with.io.out << text(volume, "Name") << '\n';
    return 0;
  }

private:
  std::string driver_ = "local";
  std::vector<std::string> options_, labels_;
};

} // namespace

const verb volume_create_verb{
    .operands = "[VOLUME]", .summary = "Create a volume", .most = 1, .make = make_command<volume_create_command>};

} // namespace gantry::cli
