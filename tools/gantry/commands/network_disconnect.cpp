#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class network_disconnect_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--force", force_, "Also one of which the network alone knows");
  }

  result<int> execute(context& with, const operands& given) override {
    json body = json::object({{"Container", given[1]}, {"Force", force_}});
    GANTRY_TRY(with.api.post("/networks/" + http::escape(given[0]) + "/disconnect", body));
    return 0;
  }

private:
  bool force_ = false;
};

} // namespace

const verb network_disconnect_verb{.operands = "NETWORK CONTAINER",
                                   .summary = "Disconnect a container from a network",
                                   .least = 2,
                                   .most = 2,
                                   .make = make_command<network_disconnect_command>,
                                   .completes = "network,container"};

} // namespace gantry::cli
