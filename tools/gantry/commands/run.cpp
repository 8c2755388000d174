#include "tools/gantry/commands/attachment.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/create_container.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class run_command : public command {
public:
  void declare(option_set& app) override {
    declare_create_options(app, options_);
    app.flag("-d,--detach", detach_, "Run in the background, and print the id");
    app.flag("--sig-proxy", proxy_signals_, "Pass signals on to the process (without a terminal)");
    app.value("--detach-keys", detach_keys_, "Keys that leave the container running");
  }

  result<int> execute(context& with, const operands& given) override;

private:
  result<json> body(const operands& given) const;
  result<int> run_attached(context& with, const std::string& id, const json& body);
  result<int> failed_to_start(context& with, const error& why, http::response& waiting);
  [[nodiscard]] attachment_options attachment_for(const std::string& id, const json& body) const;

  create_options options_;
  bool detach_ = false, proxy_signals_ = true;
  std::string detach_keys_ = "ctrl-p,ctrl-q";
};

result<json> run_command::body(const operands& given) const {
  if (detach_ && !options_.attach.empty()) return fail(errc::invalid_argument, "-d conflicts with -a");
  GANTRY_LET(auto made, create_body(options_, given[0], {given.begin() + 1, given.end()}, surroundings::of_process()));
  if (!detach_) return made;
  for (const auto* stream : {"AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce"}) made[stream] = false;
  return made;
}

attachment_options run_command::attachment_for(const std::string& id, const json& body) const {
  attachment_options how;
  how.terminal = options_.terminal;
  how.input = truth(body, "AttachStdin");
  how.detach_keys = detach_keys_;
  how.resize_target = container_path(id, "resize");
  if (proxy_signals_) how.kill_target = container_path(id, "kill");
  return how;
}

result<int> run_command::execute(context& with, const operands& given) {
  GANTRY_LET(auto wanted, body(given));
  if (truth(wanted, "AttachStdin") && options_.terminal && !with.io.in_is_terminal)
    return fail(errc::failed_precondition,
                "the input device is not a TTY: leave -t out, or run gantry from a terminal");
  GANTRY_LET(auto id, create_container(with, options_, wanted));
  if (!detach_) return run_attached(with, id, wanted);
  if (auto started = with.api.post(container_path(id, "start")); !started) {
    with.io.err << "gantry: " << started.error().message << '\n';
    return start_failure_code(started.error());
  }
  with.io.out << id << '\n';
  return 0;
}

/// With --rm the daemon removes what did not start: gone when this returns, as far as waiting a while can tell.
result<int> run_command::failed_to_start(context& with, const error& why, http::response& waiting) {
  if (options_.auto_remove && waiting.status() == 0) (void)with.api.await(waiting, std::chrono::seconds(5));
  with.io.err << "gantry: " << why.message << '\n';
  return start_failure_code(why);
}

result<int> run_command::run_attached(context& with, const std::string& id, const json& body) {
  GANTRY_LET(auto console, attachment::begin(with, attachment_for(id, body)));
  auto attach = container_path(id, "attach?stream=1");
  for (const auto& [field, name] :
       {std::pair{"AttachStdin", "stdin"}, {"AttachStdout", "stdout"}, {"AttachStderr", "stderr"}})
    if (truth(body, field)) http::add_query(attach, name, "1");
  http::add_query(attach, "detachKeys", detach_keys_);
  GANTRY_LET(auto stream, with.api.hijack({.method = "POST", .target = attach}));
  // Before the start, or the exit of a short process is missed; its head comes when the daemon has begun to wait.
  auto wait = container_path(id, "wait");
  http::add_query(wait, "condition", options_.auto_remove ? "removed" : "next-exit");
  GANTRY_LET(auto waiting, with.api.send({.method = "POST", .target = wait}));
  GANTRY_TRY(with.api.await(waiting, std::chrono::seconds(2)));
  if (auto started = with.api.post(container_path(id, "start")); !started)
    return failed_to_start(with, started.error(), waiting);
  GANTRY_LET(auto ending, console.pump(std::move(stream)));
  if (ending == session::ending::detached) return 0;
  if (ending == session::ending::by_signal) return console.signal_code();
  return await_exit(with, id, waiting, console);
}

} // namespace

const verb run_verb{.operands = "IMAGE [COMMAND] [ARG...]",
                    .summary = "Run a command in a new container",
                    .least = 1,
                    .most = any_number,
                    .make = make_command<run_command>,
                    .where = verb::order::options_first,
                    .failure_code = 125,
                    .completes = "image"};

} // namespace gantry::cli
