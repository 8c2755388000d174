#include "runtime/oci/command_line.hpp"

#include <string_view>

namespace gantry::oci {
namespace {

std::vector<std::string> global_argv(const monitor::runtime_command& runtime, const invocation& with) {
  std::vector<std::string> argv{runtime.path, "--root", runtime.state_root};
  if (!with.log.empty()) argv.insert(argv.end(), {"--log", with.log, "--log-format", "json"});
  argv.insert(argv.end(), runtime.flags.begin(), runtime.flags.end());
  return argv;
}

void add_option(std::vector<std::string>& argv, const char* name, const std::string& value) {
  if (!value.empty()) argv.insert(argv.end(), {name, value});
}

std::vector<std::string> simple_argv(const monitor::runtime_command& runtime, const invocation& with,
                                     std::vector<std::string> verb) {
  auto argv = global_argv(runtime, with);
  argv.insert(argv.end(), verb.begin(), verb.end());
  argv.push_back(with.id);
  return argv;
}

} // namespace

std::vector<std::string> run_argv(const monitor::runtime_command& runtime, const invocation& with) {
  auto argv = global_argv(runtime, with);
  argv.insert(argv.end(), {"run", "--detach"});
  add_option(argv, "--bundle", with.bundle);
  add_option(argv, "--pid-file", with.pid_file);
  add_option(argv, "--console-socket", with.console_socket);
  argv.push_back(with.id);
  return argv;
}

std::vector<std::string> exec_argv(const monitor::runtime_command& runtime, const invocation& with) {
  auto argv = global_argv(runtime, with);
  argv.insert(argv.end(), {"exec", "--detach"});
  add_option(argv, "--process", with.process);
  add_option(argv, "--pid-file", with.pid_file);
  add_option(argv, "--console-socket", with.console_socket);
  argv.push_back(with.id);
  return argv;
}

std::vector<std::string> kill_all_argv(const monitor::runtime_command& runtime, const invocation& with, int signal) {
  auto argv = simple_argv(runtime, with, {"kill", "--all"});
  argv.push_back(std::to_string(signal));
  return argv;
}

std::vector<std::string> delete_argv(const monitor::runtime_command& runtime, const invocation& with, removal how) {
  if (how == removal::force) return simple_argv(runtime, with, {"delete", "--force"});
  return simple_argv(runtime, with, {"delete"});
}

std::vector<std::string> pause_argv(const monitor::runtime_command& runtime, const invocation& with) {
  return simple_argv(runtime, with, {"pause"});
}

std::vector<std::string> resume_argv(const monitor::runtime_command& runtime, const invocation& with) {
  return simple_argv(runtime, with, {"resume"});
}

std::vector<std::string> update_argv(const monitor::runtime_command& runtime, const invocation& with) {
  return simple_argv(runtime, with, {"update", "--resources", "-"});
}

bool refuses_hybrid_cgroups(const monitor::runtime_command& runtime) {
  auto name = std::string_view(runtime.path);
  if (auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  return name.starts_with("crun");
}

} // namespace gantry::oci
