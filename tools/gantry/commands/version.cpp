#include <sys/utsname.h>

#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

json client_part() {
  utsname host{};
  ::uname(&host);
  std::string machine = host.machine;
  json part = json::object();
  part["Version"] = GANTRY_VERSION;
  part["ApiVersion"] = http::api_version;
  part["Os"] = "linux";
  part["Arch"] = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
  return part;
}

void print_part(std::ostream& to, std::string_view title, const json& part) {
  to << title << ":\n"
     << " Version:      " << text(part, "Version") << '\n'
     << " API version:  " << text(part, "ApiVersion");
  if (auto oldest = text(part, "MinAPIVersion"); !oldest.empty()) to << " (minimum version " << oldest << ")";
  to << "\n OS/Arch:      " << text(part, "Os") << '/' << text(part, "Arch") << '\n';
  if (auto kernel = text(part, "KernelVersion"); !kernel.empty()) to << " Kernel:       " << kernel << '\n';
  const auto& components = at(part, "Components");
  if (!components.is_array()) return;
  for (const auto& component : components)
    if (auto name = text(component, "Name"); name != "Engine")
      to << ' ' << name << ": " << text(component, "Version") << '\n';
}

class version_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-f,--format", format_, "json, or a template such as '{{.Server.Version}}'");
    app.flag("--json", as_json_, "One JSON document");
  }

  result<int> execute(context& with, const operands&) override {
    if (as_json_) format_ = "json";
    auto server = with.api.get("/version");
    json both = json::object();
    both["Client"] = client_part();
    both["Server"] = server ? *server : json();
    if (!format_.empty()) {
      GANTRY_TRY(print_formatted(both, format_, with.io.out));
    } else {
      print_part(with.io.out, "Client", both["Client"]);
      if (server) print_part(with.io.out << '\n', "Server", *server);
    }
    if (!server) return tl::unexpected<error>(server.error());
    return 0;
  }

private:
  std::string format_;
  bool as_json_ = false;
};

} // namespace

const verb version_verb{
    .operands = "", .summary = "Show the versions of client and daemon", .make = make_command<version_command>};

} // namespace gantry::cli
