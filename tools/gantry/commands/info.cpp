#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/template_functions.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

void print_info(std::ostream& to, const json& info) {
  static constexpr std::pair<std::string_view, std::string_view> lines[] = {{"Containers", "Containers"},
                                                                            {" Running", "ContainersRunning"},
                                                                            {" Paused", "ContainersPaused"},
                                                                            {" Stopped", "ContainersStopped"},
                                                                            {"Images", "Images"},
                                                                            {"Server Version", "ServerVersion"},
                                                                            {"Storage Driver", "Driver"},
                                                                            {"Logging Driver", "LoggingDriver"},
                                                                            {"Cgroup Driver", "CgroupDriver"},
                                                                            {"Cgroup Version", "CgroupVersion"},
                                                                            {"Default Runtime", "DefaultRuntime"},
                                                                            {"Security Options", "SecurityOptions"},
                                                                            {"Kernel Version", "KernelVersion"},
                                                                            {"Operating System", "OperatingSystem"},
                                                                            {"OSType", "OSType"},
                                                                            {"Architecture", "Architecture"},
                                                                            {"CPUs", "NCPU"},
                                                                            {"Name", "Name"},
                                                                            {"ID", "ID"},
                                                                            {"Root Dir", "DockerRootDir"}};
  for (const auto& [title, field] : lines)
    if (const auto& value = at(info, field); !value.is_null()) to << title << ": " << go_text(value) << '\n';
  if (auto memory = number(info, "MemTotal"); memory > 0)
    to << "Total Memory: " << human_size_binary(static_cast<double>(memory)) << '\n';
  if (const auto& runtimes = at(info, "Runtimes"); runtimes.is_object()) {
    to << "Runtimes:";
    for (const auto& [name, ignored] : runtimes.items()) to << ' ' << name;
    to << '\n';
  }
}

class info_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-f,--format", format_, "json, or a template such as '{{.Driver}}'");
    app.flag("--json", as_json_, "One JSON document");
  }

  result<int> execute(context& with, const operands&) override {
    if (as_json_) format_ = "json";
    GANTRY_LET(auto info, with.api.get("/info"));
    if (format_.empty()) {
      print_info(with.io.out, info);
      const auto& warnings = at(info, "Warnings");
      for (const auto& warning : warnings) with.io.err << go_text(warning) << '\n';
      return 0;
    }
    GANTRY_TRY(print_formatted(info, format_, with.io.out));
    return 0;
  }

private:
  std::string format_;
  bool as_json_ = false;
};

} // namespace

const verb info_verb{
    .operands = "", .summary = "Show facts of the daemon and its host", .make = make_command<info_command>};

} // namespace gantry::cli
