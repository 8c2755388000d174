#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

class network_connect_command : public command {
public:
  void declare(option_set& app) override {
    app.value("--ip", ip_, "IPv4 address, as in 10.5.0.7");
    app.value("--ip6", ip6_, "IPv6 address");
    app.list("--alias", aliases_, "Name that the network's other containers find it by");
    app.list("--link", links_, "Container to link to");
    app.list("--link-local-ip", link_local_, "Link-local address");
    app.list("--driver-opt", options_, "Option of the driver: KEY=VALUE");
    app.value("--gw-priority", priority_, "The highest one is the container's way out");
  }

  result<int> execute(context& with, const operands& given) override {
    json how = json::object();
    json addresses = json::object();
    if (!ip_.empty()) addresses["IPv4Address"] = ip_;
    if (!ip6_.empty()) addresses["IPv6Address"] = ip6_;
    if (!link_local_.empty()) addresses["LinkLocalIPs"] = link_local_;
    if (!addresses.empty()) how["IPAMConfig"] = std::move(addresses);
    if (!aliases_.empty()) how["Aliases"] = aliases_;
    if (!links_.empty()) how["Links"] = links_;
    GANTRY_LET(auto options, pairs_of("--driver-opt", options_));
    if (!options.empty()) how["DriverOpts"] = options;
    if (priority_ != 0) how["GwPriority"] = priority_;
    json body = json::object({{"Container", given[1]}, {"EndpointConfig", std::move(how)}});
    GANTRY_TRY(with.api.post("/networks/" + http::escape(given[0]) + "/connect", body));
    return 0;
  }

private:
  std::string ip_, ip6_;
  std::vector<std::string> aliases_, links_, link_local_, options_;
  int priority_ = 0;
};

} // namespace

const verb network_connect_verb{.operands = "NETWORK CONTAINER",
                                .summary = "Connect a container to a network",
                                .least = 2,
                                .most = 2,
                                .make = make_command<network_connect_command>,
                                .completes = "network,container"};

} // namespace gantry::cli
