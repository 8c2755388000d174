#include "tools/gantry/commands/attachment.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

class exec_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-d,--detach", detach_, "Run in the background");
    app.flag("-i,--interactive", interactive_, "Keep stdin open");
    app.flag("-t,--tty", terminal_, "Give the process a terminal");
    app.flag("--privileged", privileged_, "Lift most of the confinement");
    app.list("-e,--env", env_.env, "Set an environment variable");
    app.list("--env-file", env_.env_files, "Read environment variables from a file");
    app.value("-u,--user", user_, "User and group: NAME|UID[:GROUP|GID]");
    app.value("-w,--workdir", working_dir_, "Working directory in the container");
    app.value("--detach-keys", detach_keys_, "Keys that leave the process running");
  }

  result<int> execute(context& with, const operands& given) override {
    if (terminal_ && interactive_ && !detach_ && !with.io.in_is_terminal)
      return fail(errc::failed_precondition,
                  "the input device is not a TTY: leave -t out, or run gantry from a terminal");
    GANTRY_LET(auto wanted, body(given));
    GANTRY_LET(auto created, with.api.post(container_path(given[0], "exec"), wanted));
    auto path = "/exec/" + http::escape(text(created, "Id"));
    if (detach_) {
      GANTRY_TRY(with.api.post(path + "/start", json::object({{"Detach", true}, {"Tty", terminal_}})));
      return 0;
    }
    return run(with, path);
  }

private:
  [[nodiscard]] result<json> body(const operands& given) const {
    json wanted = json::object();
    wanted["User"] = user_;
    wanted["Privileged"] = privileged_;
    wanted["Tty"] = terminal_;
    wanted["AttachStdin"] = interactive_ && !detach_;
    wanted["AttachStdout"] = !detach_;
    wanted["AttachStderr"] = !detach_;
    wanted["DetachKeys"] = detach_keys_;
    GANTRY_LET(auto env, environment_of(env_, surroundings::of_process()));
    if (!env.empty()) wanted["Env"] = env;
    wanted["WorkingDir"] = working_dir_;
    wanted["Cmd"] = std::vector<std::string>(given.begin() + 1, given.end());
    return wanted;
  }

  result<int> run(context& with, const std::string& path) {
    attachment_options how{.terminal = terminal_,
                           .input = interactive_,
                           .detach_keys = detach_keys_,
                           .resize_target = path + "/resize",
                           .kill_target = {}};
    GANTRY_LET(auto console, attachment::begin(with, std::move(how)));
    json start{{"Detach", false}, {"Tty", terminal_}};
    auto stream = with.api.hijack({.method = "POST", .target = path + "/start", .body = to_line(start)});
    if (!stream) {
      auto code = start_failure_code(stream.error());
      if (code == 125) return tl::unexpected<error>(stream.error());
      with.io.err << "gantry: " << stream.error().message << '\n';
      return code;
    }
    if (terminal_) stream->multiplexed = false;
    GANTRY_LET(auto ending, console.pump(std::move(*stream)));
    if (ending == session::ending::detached) return 0;
    if (ending == session::ending::by_signal) return console.signal_code();
    GANTRY_LET(auto state, with.api.get(path + "/json"));
    return static_cast<int>(number(state, "ExitCode"));
  }

  bool detach_ = false, interactive_ = false, terminal_ = false, privileged_ = false;
  create_options env_; ///< of which env and env_files are used
  std::string user_, working_dir_, detach_keys_ = "ctrl-p,ctrl-q";
};

} // namespace

const verb exec_verb{.operands = "CONTAINER COMMAND [ARG...]",
                     .summary = "Run a command in a running container",
                     .least = 2,
                     .most = any_number,
                     .make = make_command<exec_command>,
                     .where = verb::order::options_first,
                     .completes = "container"};

} // namespace gantry::cli
