#include "tools/gantry/commands/attachment.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class start_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-a,--attach", attach_, "Attach to output, and pass signals on");
    app.flag("-i,--interactive", interactive_, "Attach to stdin");
    app.flag("--sig-proxy", proxy_signals_, "Pass signals on to the process (without a terminal)");
    app.value("--detach-keys", detach_keys_, "Keys that leave the container running");
  }

  result<int> execute(context& with, const operands& given) override {
    if (attach_ || interactive_) {
      if (given.size() > 1) return fail(errc::invalid_argument, "-a and -i take one container");
      return start_attached(with, given[0]);
    }
    return for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
      GANTRY_TRY(with.api.post(container_path(name, "start")));
      return name;
    });
  }

private:
  result<int> start_attached(context& with, const std::string& name) {
    GANTRY_LET(auto container, with.api.get(container_path(name, "json")));
    auto id = text(container, "Id");
    attachment_options how{.terminal = truth(container, "Config.Tty"),
                           .input = interactive_ && truth(container, "Config.OpenStdin"),
                           .detach_keys = detach_keys_,
                           .resize_target = container_path(id, "resize"),
                           .kill_target = proxy_signals_ ? container_path(id, "kill") : ""};
    auto target = container_path(id, "attach?stream=1&stdout=1&stderr=1");
    if (how.input) http::add_query(target, "stdin", "1");
    GANTRY_LET(auto console, attachment::begin(with, std::move(how)));
    GANTRY_LET(auto stream, with.api.hijack({.method = "POST", .target = target}));
    auto wait = container_path(id, "wait");
    http::add_query(wait, "condition", truth(container, "HostConfig.AutoRemove") ? "removed" : "next-exit");
    GANTRY_LET(auto waiting, with.api.send({.method = "POST", .target = wait}));
    GANTRY_TRY(with.api.await(waiting, std::chrono::seconds(2)));
    GANTRY_TRY(with.api.post(container_path(id, "start")));
    GANTRY_LET(auto ending, console.pump(std::move(stream)));
    if (ending == session::ending::detached) return 0;
    if (ending == session::ending::by_signal) return console.signal_code();
    return await_exit(with, id, waiting, console);
  }

  bool attach_ = false, interactive_ = false, proxy_signals_ = true;
  std::string detach_keys_ = "ctrl-p,ctrl-q";
};

} // namespace

const verb start_verb{.operands = "CONTAINER [CONTAINER...]",
                      .summary = "Start containers",
                      .least = 1,
                      .most = any_number,
                      .make = make_command<start_command>,
                      .completes = "container"};

} // namespace gantry::cli
