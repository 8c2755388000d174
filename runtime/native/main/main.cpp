#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <map>

#include "runtime/native/main/arguments.hpp"
#include "runtime/native/main/commands.hpp"
#include "runtime/native/main/host.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::oci_program {
namespace {

using command = result<int> (*)(const record_folder&, const words&, const program_log&);

struct verb {
  command carry_out = nullptr;
  const char* context = ""; ///< before its errors, as runc has it
  int failure = 1;
  bool launches = false; ///< makes a process from this program's own
  bool creates = false;  ///< and a container
};

const std::map<std::string, verb, std::less<>> verbs = {
    {"create", {command_create, "gantry-oci create failed", 1, true, true}},
    {"run", {command_run, "gantry-oci run failed", 1, true, true}},
    {"exec", {command_exec, "exec failed", 255, true}},
    {"start", {command_start}},
    {"kill", {command_kill}},
    {"delete", {command_delete}},
    {"state", {command_state}},
    {"list", {command_list}},
    {"ps", {command_ps}},
    {"pause", {command_pause}},
    {"resume", {command_resume}},
    {"update", {command_update}},
    {"events", {command_events}},
    {"features", {command_features}}};

const std::vector<option_spec> global_options = {{"root", "", true},
                                                 {"log", "", true},
                                                 {"log-format", "", true},
                                                 {"debug", "", false},
                                                 {"systemd-cgroup", "", false},
                                                 {"rootless", "", true},
                                                 {"version", "v", false},
                                                 {"help", "h", false},
                                                 {"criu", "", true}};

constexpr auto version_text = "gantry-oci version " GANTRY_VERSION "\nspec: 1.2.0\n";
constexpr auto usage_text =
    "usage: gantry-oci [--root DIR] [--log FILE] [--log-format text|json] COMMAND [OPTIONS] CONTAINER\n"
    "commands: create, start, run, exec, state, kill, delete, list, ps, pause, resume, update, events, features\n";

/// runc's verbs that are not here: CRIU is not driven, and a config.json is not made.
bool is_refused(std::string_view name) { return name == "checkpoint" || name == "restore" || name == "spec"; }

result<void> check_globals(const arguments& globals) {
  if (const auto mode = globals.value("rootless"); !mode.empty() && mode != "auto" && mode != "false")
    return fail(errc::invalid_argument, "--rootless is not implemented: root is needed");
  return {};
}

int carry_out(const verb& what, const arguments& globals, const program_log& log, char** argv) {
  auto root = globals.value("root");
  if (root.empty()) root = "/run/gantry-oci";
  const record_folder records(root);
  words args(globals.rest.begin() + 1, globals.rest.end());
  // Who makes a container's cgroup is asked of those that make one; later its name tells.
  if (globals.has("systemd-cgroup") && what.creates) args.insert(args.begin(), "--systemd-cgroup");
  auto ready = check_globals(globals);
  if (ready && what.launches) ready = protect_own_file(argv);
  auto code = ready ? what.carry_out(records, args, log) : result<int>(tl::unexpected<error>(ready.error()));
  if (code) return *code;
  const std::string context = what.context;
  log.error((context.empty() ? "" : context + ": ") + code.error().message);
  return what.failure;
}

int run(int argc, char** argv) {
  // What a container sees of this process, and its children until they execute, is nothing.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  auto globals = parse_arguments(words(argv + 1, argv + argc), global_options);
  if (!globals) {
    program_log({}, false).error(globals.error().message);
    return 1;
  }
  if (globals->has("version")) return std::fputs(version_text, stdout) < 0;
  if (globals->rest.empty() || globals->has("help")) return std::fputs(usage_text, stdout) < 0;
  const program_log log(globals->value("log"), globals->value("log-format") == "json");
  const auto found = verbs.find(globals->rest.front());
  if (found != verbs.end()) return carry_out(found->second, *globals, log, argv);
  const auto* what = is_refused(globals->rest.front()) ? "gantry-oci does not implement" : "gantry-oci has no command";
  log.error(fmt::format("{} \"{}\"", what, globals->rest.front()));
  return 3;
}

} // namespace
} // namespace gantry::oci_program

int main(int argc, char** argv) { return gantry::oci_program::run(argc, argv); }
