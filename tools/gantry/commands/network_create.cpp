#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/options/ipam.hpp"

namespace gantry::cli {

namespace {

class network_create_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-d,--driver", driver_, "Driver of the network");
    app.list("-o,--opt", options_, "Option of the driver: KEY=VALUE");
    app.list("--label", labels_, "Label: KEY=VALUE");
    app.list("--subnet", ipam_.subnets, "Subnet, as in 10.5.0.0/16");
    app.list("--ip-range", ipam_.ranges, "Part of the subnet that containers get addresses of");
    app.list("--gateway", ipam_.gateways, "The subnet's gateway");
    app.list("--aux-address", ipam_.auxiliary, "Address that no container gets: NAME=ADDRESS");
    app.value("--ipam-driver", ipam_driver_, "Driver of the addresses");
    app.list("--ipam-opt", ipam_options_, "Option of that driver: KEY=VALUE");
    app.flag("--internal", internal_, "No way out, and none in");
    app.flag("--attachable", attachable_, "For swarms: without effect on one host");
    app.flag("--ipv6", ipv6_, "IPv6 addresses too");
  }

  result<int> execute(context& with, const operands& given) override {
    json body = json::object();
    body["Name"] = given[0];
    body["Driver"] = driver_;
    GANTRY_LET(body["IPAM"], ipam());
    if (internal_) body["Internal"] = true;
    if (attachable_) body["Attachable"] = true;
    if (ipv6_) body["EnableIPv6"] = true;
    GANTRY_LET(auto options, pairs_of("--opt", options_));
    if (!options.empty()) body["Options"] = options;
    GANTRY_LET(auto labels, labels_of({}, labels_, surroundings::of_process()));
    if (!labels.empty()) body["Labels"] = labels;
    GANTRY_LET(auto made, with.api.post("/networks/create", body));
    with.io.out << text(made, "Id") << '\n';
    if (auto warning = text(made, "Warning"); !warning.empty()) with.io.err << "WARNING: " << warning << '\n';
    return 0;
  }

private:
  [[nodiscard]] result<json> ipam() const {
    json made = json::object();
    made["Driver"] = ipam_driver_;
    GANTRY_LET(auto options, pairs_of("--ipam-opt", ipam_options_));
    if (!options.empty()) made["Options"] = options;
    GANTRY_LET(auto config, ipam_config(ipam_));
    if (!config.empty()) made["Config"] = std::move(config);
    return made;
  }

  std::string driver_ = "bridge", ipam_driver_ = "default";
  std::vector<std::string> options_, labels_, ipam_options_;
  ipam_options ipam_;
  bool internal_ = false, attachable_ = false, ipv6_ = false;
};

} // namespace

const verb network_create_verb{.operands = "NETWORK",
                               .summary = "Create a network",
                               .least = 1,
                               .most = 1,
                               .make = make_command<network_create_command>};

} // namespace gantry::cli
