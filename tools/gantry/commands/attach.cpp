#include "tools/gantry/commands/attachment.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class attach_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("--no-stdin", no_input_, "Do not attach to stdin");
    app.flag("--sig-proxy", proxy_signals_, "Pass signals on to the process (without a terminal)");
    app.value("--detach-keys", detach_keys_, "Keys that leave the container running");
  }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto container, with.api.get(container_path(given[0], "json")));
    GANTRY_TRY(check(container));
    auto id = text(container, "Id");
    attachment_options how{.terminal = truth(container, "Config.Tty"),
                           .input = !no_input_ && truth(container, "Config.OpenStdin"),
                           .detach_keys = detach_keys_,
                           .resize_target = container_path(id, "resize"),
                           .kill_target = proxy_signals_ ? container_path(id, "kill") : ""};
    auto target = container_path(id, "attach?stream=1&stdout=1&stderr=1");
    if (how.input) http::add_query(target, "stdin", "1");
    http::add_query(target, "detachKeys", detach_keys_);
    GANTRY_LET(auto console, attachment::begin(with, std::move(how)));
    GANTRY_LET(auto waiting, with.api.send({.method = "POST", .target = container_path(id, "wait")}));
    GANTRY_LET(auto stream, with.api.hijack({.method = "POST", .target = target}));
    GANTRY_LET(auto ending, console.pump(std::move(stream)));
    if (ending == session::ending::detached) return 0;
    if (ending == session::ending::by_signal) return console.signal_code();
    return await_exit(with, id, waiting, console);
  }

private:
  static result<void> check(const json& container) {
    auto refused = [](const char* what) {
      return fail(errc::failed_precondition, "You cannot attach to a {} container: start or unpause it first", what);
    };
    if (!truth(container, "State.Running")) return refused("stopped");
    if (truth(container, "State.Paused")) return refused("paused");
    return {};
  }

  bool no_input_ = false, proxy_signals_ = true;
  std::string detach_keys_ = "ctrl-p,ctrl-q";
};

} // namespace

const verb attach_verb{.operands = "CONTAINER",
                       .summary = "Attach to a running container",
                       .least = 1,
                       .most = 1,
                       .make = make_command<attach_command>,
                       .completes = "container"};

} // namespace gantry::cli
