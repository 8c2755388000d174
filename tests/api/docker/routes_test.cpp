#include <cerrno>

#include "api/docker/http.hpp"
#include "api/docker/router.hpp"
#include "api/docker/status.hpp"
#include "api/docker/version.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::docker;

TEST_CASE("a query's parameters are decoded, and the first of a name counts") {
  auto q = query::parse("name=a%2Fb+c&all=1&name=second&empty=&bare");
  REQUIRE(q);
  CHECK(q->get("name") == "a/b c");
  CHECK(q->all("name").size() == 2);
  CHECK(q->flag("all"));
  CHECK(q->has("bare"));
  CHECK_FALSE(q->flag("bare"));
  CHECK(q->flag("absent", true));
}

TEST_CASE("a broken escape, a NUL or too many parameters are refused") {
  for (auto text : {"a=%", "a=%4", "a=%zz", "a=%00"}) CHECK_FALSE(query::parse(text));
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a=1&";
  CHECK_FALSE(query::parse(many));
}

TEST_CASE("a flag is false as dockerd has it") {
  auto q = query::parse("a=0&b=False&c=no&d=none&e=true&f=1&g=yes");
  REQUIRE(q);
  for (auto name : {"a", "b", "c", "d"}) CHECK_FALSE(q->flag(name));
  for (auto name : {"e", "f", "g"}) CHECK(q->flag(name));
}

TEST_CASE("a number of a query is whole or refused") {
  auto q = query::parse("t=-1&u=12x&v=99999999999999999999");
  REQUIRE(q);
  CHECK(q->number("t").value() == -1);
  CHECK(q->number("absent").value() == std::nullopt);
  CHECK_FALSE(q->number("u"));
  CHECK_FALSE(q->number("v"));
}

TEST_CASE("a path's version is taken off, and one too old or too new refused in dockerd's words") {
  CHECK(split_version("/v1.41/containers/json")->path == "/containers/json");
  CHECK(split_version("/v1.41/containers/json")->minor == 41);
  CHECK(split_version("/containers/json")->minor == 47);
  CHECK(split_version("/volumes")->path == "/volumes");
  CHECK(split_version("/v1.51/_ping")->path == "/_ping");
  CHECK_THAT(split_version("/v1.99/info").error().message,
             test::contains("is too new. Maximum supported API version is 1.51"));
  CHECK_THAT(split_version("/v1.12/info").error().message, test::contains("client version 1.12 is too old"));
  CHECK(split_version("/v1.x/info")->path == "/v1.x/info");
}

TEST_CASE("a route's wildcard spans slashes in images' names alone") {
  CHECK(match("/images/*/json", "/images/library/alpine:3/json") == "library/alpine:3");
  CHECK(match("/containers/*/json", "/containers/abc/json") == "abc");
  CHECK_FALSE(match("/containers/*/json", "/containers/a/b/json"));
  CHECK_FALSE(match("/containers/*/json", "/containers//json"));
  CHECK_FALSE(match("/containers/*/json", "/containers/json"));
  CHECK(match("/info", "/info") == "");
}

TEST_CASE("the first route that fits counts, HEAD is answered as GET, and the rest is not found") {
  request what;
  what.method = "GET";
  what.path = "/images/json";
  CHECK(find_route(routes(), what).value()->pattern == "/images/json");
  what.path = "/images/a%2Fb/json";
  CHECK(find_route(routes(), what).value()->pattern == "/images/*/json");
  CHECK(what.subject == "a/b");
  what.method = "HEAD";
  what.path = "/info";
  CHECK(find_route(routes(), what).value()->pattern == "/info");
  what.path = "/nothing";
  CHECK(find_route(routes(), what).error().message == "page not found");
  what.method = "PATCH";
  what.path = "/info";
  CHECK_FALSE(find_route(routes(), what));
}

TEST_CASE("each kind of error has its status") {
  CHECK(status_of({errc::not_found, "", 0}) == 404);
  CHECK(status_of({errc::already_exists, "", 0}) == 409);
  CHECK(status_of({errc::failed_precondition, "", 0}) == 409);
  CHECK(status_of({errc::failed_precondition, "", EALREADY}) == 304);
  CHECK(status_of({errc::internal, "", 0}) == 500);
  auto busy = error_response({errc::exhausted, "queue full", 0});
  CHECK(busy.status == 429);
  CHECK(busy.body == "{\"message\":\"queue full\"}\n");
  CHECK(busy.headers.at(0).first == "Retry-After");
  CHECK(error_response({errc::failed_precondition, "x", EALREADY}).body.empty());
  CHECK(error_response({errc::internal, "bytes \xff here", 0}).body.find("\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("a program that is not there is the request's fault, a broken runtime is not") {
  CHECK(start_error({errc::unavailable, "runc: exec: \"x\": executable file not found in $PATH", 0}).code ==
        errc::invalid_argument);
  CHECK(start_error({errc::unavailable, "exec /x: permission denied", 0}).code == errc::invalid_argument);
  CHECK(start_error({errc::unavailable, "cannot reach the monitor", 0}).code == errc::unavailable);
  CHECK(start_error({errc::failed_precondition, "permission denied", 0}).code == errc::failed_precondition);
}

TEST_CASE("a response's head says how its body ends") {
  auto made = json_response("{}");
  CHECK_THAT(render_head(made, framing::length, true, 1), test::contains("Content-Length: 3\r\n"));
  CHECK_THAT(render_head(made, framing::chunked, true, 1), test::contains("Transfer-Encoding: chunked\r\n"));
  CHECK_THAT(render_head(made, framing::length, false, 1), test::contains("Connection: close\r\n"));
  CHECK_THAT(render_head(made, framing::length, true, 0), test::contains("HTTP/1.0 200 OK\r\n"));
}
