#include <thread>

#include <nlohmann/json.hpp>

#include "api/cri/streaming/protocol.hpp"
#include "api/cri/streaming/resize_reader.hpp"
#include "api/cri/streaming/token_table.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cri;
using std::chrono::seconds;

namespace {

stream_request request_for(const std::string& container) {
  return attach_request{container, {true, true, false, false}};
}

} // namespace

TEST_CASE("a token works once, and for its time") {
  token_table table(10, seconds(60));
  token_table::clock::time_point now{};
  auto token = table.issue(request_for("a"), now).value();
  CHECK(token.size() == 32);
  CHECK(token.find_first_not_of("0123456789abcdef") == std::string::npos);
  auto other = table.issue(request_for("b"), now).value();
  CHECK(token != other);
  CHECK_FALSE(table.redeem("", now));
  CHECK_FALSE(table.redeem(token.substr(1), now));
  auto got = table.redeem(token, now + seconds(59));
  REQUIRE(got);
  CHECK(std::get<attach_request>(*got).container == "a");
  CHECK_FALSE(table.redeem(token, now + seconds(59)));
  CHECK_FALSE(table.redeem(other, now + seconds(60)));
}

TEST_CASE("as many requests wait as are allowed, and their time makes room") {
  token_table table(2, seconds(60));
  token_table::clock::time_point now{};
  auto first = table.issue(request_for("a"), now).value();
  REQUIRE(table.issue(request_for("b"), now + seconds(1)));
  CHECK(table.issue(request_for("c"), now + seconds(1)).error().code == errc::exhausted);
  CHECK(table.redeem(first, now + seconds(1)));
  REQUIRE(table.issue(request_for("d"), now + seconds(2)));
  CHECK_FALSE(table.issue(request_for("e"), now + seconds(60)));
  CHECK(table.issue(request_for("f"), now + seconds(61)));
}

TEST_CASE("requests of which no stream can be made are refused") {
  auto code = [](const stream_request& what) {
    auto checked = validate(what);
    return checked ? errc{} : checked.error().code;
  };
  CHECK(code(exec_request{"c", {"ls"}, {false, true, true, false}}) == errc{});
  CHECK(code(exec_request{"", {"ls"}, {false, true, true, false}}) == errc::invalid_argument);
  CHECK(code(exec_request{"c", {}, {false, true, true, false}}) == errc::invalid_argument);
  CHECK(code(exec_request{"c", {"ls"}, {}}) == errc::invalid_argument);
  CHECK(code(attach_request{"c", {true, true, true, true}}) == errc::invalid_argument);
  CHECK(code(attach_request{"c", {true, true, false, true}}) == errc{});
  CHECK(code(port_forward_request{""}) == errc::invalid_argument);
  CHECK(code(port_forward_request{"p"}) == errc{});
}

TEST_CASE("the first protocol that the client offers and we speak is taken") {
  CHECK(list_of(" a, b ,,\tc") == std::vector<std::string>{"a", "b", "c"});
  CHECK(list_of("").empty());
  auto name = [](const std::vector<std::string>& offered) {
    auto chosen = choose_remotecommand(offered);
    return chosen ? std::string(chosen->name) : "";
  };
  CHECK(name({"v9.channel.k8s.io", "v4.channel.k8s.io", "v5.channel.k8s.io"}) == "v4.channel.k8s.io");
  CHECK(name({"channel.k8s.io"}) == "channel.k8s.io");
  CHECK(name({"base64.channel.k8s.io"}).empty());
  CHECK(name({}).empty());
}

TEST_CASE("how a process ended is told as its protocol has it") {
  using nlohmann::json;
  CHECK(status_of_exit(status_format::text, 0).empty());
  CHECK(status_of_exit(status_format::text, 3) == "command terminated with non-zero exit code: 3");
  CHECK(json::parse(status_of_exit(status_format::json, 0))["status"] == "Success");
  auto failed = json::parse(status_of_exit(status_format::json, 137));
  CHECK(failed["status"] == "Failure");
  CHECK(failed["reason"] == "NonZeroExitCode");
  CHECK(failed["details"]["causes"][0] == json{{"reason", "ExitCode"}, {"message", "137"}});
  error why{errc::not_found, "no such program: \xff", 0};
  CHECK(status_of_failure(status_format::text, why) == why.message);
  auto refused = json::parse(status_of_failure(status_format::json, why));
  CHECK(refused["reason"] == "InternalError");
  CHECK(refused["code"] == 500);
}

TEST_CASE("sizes of a terminal come in pieces, several at once, and among what is none") {
  resize_reader from;
  from.add(R"({"Width":80,)");
  CHECK_FALSE(from.next().value());
  from.add(
      R"("Height":24})"
      "\n"
      R"({"width": 100, "height": 30, "other": null}{"Width":0,"Height":1}[]}{"Width":70000,"Height":1}{"Width":1,"Height":2})");
  auto first = from.next().value();
  REQUIRE(first);
  CHECK(first->width == 80);
  CHECK(first->height == 24);
  CHECK(from.next().value()->width == 100);
  CHECK(from.next().value()->height == 2);
  CHECK_FALSE(from.next().value());
  from.add(std::string(2000, '{'));
  CHECK(from.next().error().code == errc::corrupt);
}
