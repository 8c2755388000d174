#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/units.hpp"
#include "tools/gantry/stream/demux.hpp"

namespace gantry::cli {

namespace {

class logs_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--follow", follow_, "Go on with what is written from now on");
    app.flag("-t,--timestamps", timestamps_, "Show when each line was written");
    app.value("-n,--tail", tail_, "How many lines from the end, or all");
    app.value("--since", since_, "From this time on: RFC 3339, or a duration ago as in 10m");
    app.value("--until", until_, "Up to this time");
    app.flag("--details", details_, "Show the attributes of the log driver");
  }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto container, with.api.get(container_path(given[0], "json")));
    GANTRY_LET(auto target, query(given[0]));
    GANTRY_LET(auto answer, with.api.open({.target = std::move(target)}));
    bool raw = truth(container, "Config.Tty");
    demultiplexer frames([&](auto channel, std::string_view bytes) {
      (channel == demultiplexer::channel::err ? with.io.err : with.io.out) << bytes << std::flush;
    });
    for (;;) {
      GANTRY_LET(auto bytes, answer.read_some());
      if (bytes.empty()) return 0;
      if (raw)
        with.io.out << bytes << std::flush;
      else
        GANTRY_TRY(frames.feed(bytes));
    }
  }

private:
  [[nodiscard]] result<std::string> query(const std::string& name) const {
    auto target = container_path(name, "logs?stdout=1&stderr=1");
    auto now = std::chrono::system_clock::now();
    if (follow_) http::add_query(target, "follow", "1");
    if (timestamps_) http::add_query(target, "timestamps", "1");
    if (details_) http::add_query(target, "details", "1");
    http::add_query(target, "tail", tail_);
    for (const auto& [key, given] : {std::pair{"since", &since_}, std::pair{"until", &until_}}) {
      if (given->empty()) continue;
      auto moment = parse_moment(*given, now);
      if (!moment) return within(moment.error(), "--{}", key);
      http::add_query(target, key, *moment);
    }
    return target;
  }

  bool follow_ = false, timestamps_ = false, details_ = false;
  std::string tail_ = "all", since_, until_;
};

} // namespace

const verb logs_verb{.operands = "CONTAINER",
                     .summary = "Show the logs of a container",
                     .least = 1,
                     .most = 1,
                     .make = make_command<logs_command>,
                     .completes = "container"};

} // namespace gantry::cli
