#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class port_command : public command {
public:
  void declare(option_set&) override {}

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto container, with.api.get(container_path(given[0], "json")));
    auto wanted = given.size() < 2 ? std::string() : given[1];
    if (!wanted.empty() && wanted.find('/') == std::string::npos) wanted += "/tcp";
    bool found = false;
    for (const auto& [port, bindings] : at(container, "NetworkSettings.Ports").items()) {
      if ((!wanted.empty() && port != wanted) || !bindings.is_array()) continue;
      for (const auto& binding : bindings) {
        auto ip = text(binding, "HostIp");
        if (ip.find(':') != std::string::npos) ip = "[" + ip + "]";
        if (wanted.empty()) with.io.out << port << " -> ";
        with.io.out << ip << ':' << text(binding, "HostPort") << '\n';
        found = true;
      }
    }
    if (wanted.empty() || found) return 0;
    return fail(errc::not_found, "the port {} of {} is not published", wanted, given[0]);
  }
};

} // namespace

const verb port_verb{.operands = "CONTAINER [PORT[/PROTOCOL]]",
                     .summary = "Show where a container's ports are published",
                     .least = 1,
                     .most = 2,
                     .make = make_command<port_command>,
                     .completes = "container"};

} // namespace gantry::cli
