#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/render/json.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::docker::endpoints {
namespace {

using namespace asio::experimental::awaitable_operators;
using condition = wait_container::condition;

result<condition> parse_condition(const std::string& text) {
  if (text.empty() || text == "not-running") return condition::not_running;
  if (text == "next-exit") return condition::next_exit;
  if (text == "removed") return condition::removed;
  return fail(errc::invalid_argument, "invalid condition: {}: write not-running, next-exit or removed", quote(text));
}

std::string report_text(const result<exit_report>& got) {
  json made{{"StatusCode", got ? got->exit_code : 125}};
  auto why = got ? got->error : got.error().message;
  if (!why.empty()) made["Error"] = {{"Message", why}};
  return dump(made) + "\n";
}

} // namespace

awaitable<result<response>> container_wait(context& door, const request& what, exchange& on) {
  GANTRY_CO_LET(auto until, parse_condition(what.parameters.get("condition")));
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  wait_container message{until};
  auto waiting = send_request<exit_report>(door, found.container, message, deadline::without_end);
  // The head tells the client that its wait is in force: it starts the container only then (docker run).
  response head;
  GANTRY_CO_TRY(co_await on.begin(head));
  co_await (waiting->ready() || on.until_gone());
  if (!waiting->answered()) {
    waiting->give_up();
    co_return response();
  }
  auto got = co_await waiting->answer();
  GANTRY_CO_TRY(co_await on.write(report_text(got)));
  co_return response();
}

} // namespace gantry::docker::endpoints
