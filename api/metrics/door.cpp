#include "api/metrics/door.hpp"

#include "api/http/ask.hpp"
#include "api/http/on_disk.hpp"
#include "api/metrics/process.hpp"
#include "api/metrics/text.hpp"

namespace gantry::metrics_door {
namespace {

using namespace http;

metrics build_figures() {
  metrics made;
  made.add("gantry_build_info", "The engine's version.", metric::kind::gauge, {{{{"version", GANTRY_VERSION}}, 1}});
  return made;
}

class metrics_site final : public site {
public:
  metrics_site(workplace at, std::vector<metered_actor> metered) : at_(std::move(at)), metered_(std::move(metered)) {}

  result<handler> find(request& what) override {
    if (what.path != "/metrics") return fail(errc::not_found, "there is nothing but /metrics");
    if (what.method != "GET" && what.method != "HEAD")
      return fail(errc::invalid_argument, "/metrics is only read: GET, not {}", what.method);
    return [this](const request&, exchange&) { return scrape(); };
  }
  [[nodiscard]] const header_list& headers() const override {
    static const header_list always{{"Server", "Gantry/" GANTRY_VERSION " (linux)"}};
    return always;
  }
  [[nodiscard]] response refusal(const error& why) const override {
    return refusal(why.code == errc::not_found ? 404 : why.code == errc::invalid_argument ? 400 : 500, why.message);
  }
  [[nodiscard]] response refusal(int status, std::string_view why) const override {
    return {status, std::string(why) + "\n", "text/plain; charset=utf-8", {}};
  }

private:
  /// All are asked at once. Who does not answer in time is left out, and counted: the others' figures are worth having,
  /// most of all then.
  awaitable<result<response>> scrape() {
    std::vector<std::shared_ptr<pending<metrics>>> asked;
    for (const auto& one : metered_) asked.push_back(send_request<metrics>(at_, one, read_metrics{}, patience));
    std::vector<metrics> parts{build_figures()};
    std::uint64_t silent = 0;
    for (const auto& one : asked) {
      auto got = co_await one->answer();
      if (got)
        parts.push_back(std::move(*got));
      else
        ++silent;
    }
    auto own = co_await on_disk(at_, []() -> result<metrics> { return process_figures(); });
    if (own) parts.push_back(std::move(*own));
    parts.front().gauge("gantry_metrics_missing", "Parts of the engine whose figures are not among these.", silent);
    co_return response{200, text_of(parts), content_type, {}};
  }

  static constexpr std::chrono::seconds patience{5}; // under the 10 s after which Prometheus gives a scrape up

  workplace at_;
  std::vector<metered_actor> metered_;
};

} // namespace

result<std::unique_ptr<server>> open_door(caf::actor_system& system, const engine_actor& engine,
                                          server_options options) {
  caf::scoped_actor self{system};
  result<engine_actors> actors = fail(errc::internal, "no answer");
  request_within(self, engine, deadline::inner, ask_actors{})
      .receive([&](engine_actors& got) { actors = std::move(got); },
               [&](caf::error& why) { actors = tl::unexpected<error>(from_caf(why)); });
  if (!actors) return tl::unexpected<error>(std::move(actors.error()));
  options.name = "metrics";
  options.max_connections = 64; // of scrapers there are few
  options.max_body = 0;
  options.disk_threads = 1;
  return server::start(system, std::move(options), [&](const workplace& at) {
    return std::make_unique<metrics_site>(at, std::move(actors->metered));
  });
}

} // namespace gantry::metrics_door
