#include <cerrno>

#include "api/docker/router.hpp"
#include "api/docker/status.hpp"
#include "api/docker/version.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::docker;

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
  CHECK(match("/containers/*/json", "/containers/a/b/json") == "a/b");
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
