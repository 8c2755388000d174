#include "store/registry/authorizer.hpp"
#include "store/registry/base64.hpp"
#include "store/registry/challenge.hpp"
#include "store/registry/content_range.hpp"
#include "store/registry/endpoint.hpp"
#include "store/registry/error_body.hpp"
#include "store/registry/retry_policy.hpp"
#include "store/registry/token_cache.hpp"
#include "store/registry/transport.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::store;
using namespace std::chrono_literals;

TEST_CASE("challenges are parsed as RFC 9110 writes them") {
  auto found = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="a \"b\", c" , Scope=pull, basic realm="x")");
  REQUIRE(found.size() == 2);
  CHECK(found[0].scheme == "bearer");
  CHECK(found[0].parameter("realm") == "https://auth.example/token");
  CHECK(found[0].parameter("service") == R"(a "b", c)");
  CHECK(found[0].parameter("scope") == "pull");
  CHECK(found[0].parameter("error").empty());
  CHECK(found[1] == challenge{"basic", {{"realm", "x"}}});
}

TEST_CASE("what breaks the grammar of a challenge ends it, and nothing else") {
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges("=").empty());
  CHECK(parse_challenges(R"(realm="no scheme")").empty());
  CHECK(parse_challenges(R"(Bearer realm="no end)").at(0).parameters.empty());
  CHECK(parse_challenges("Bearer realm=\"a\r\nX: y\"").at(0).parameters.empty());
  CHECK(parse_challenges(R"(Bearer realm="\)").at(0).parameters.empty());
  CHECK(parse_challenges("Negotiate, Bearer realm=\"r\"").size() == 2);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "s" + std::to_string(i) + " a=b, ";
  CHECK(parse_challenges(many).size() == 8);
}

TEST_CASE("base64 is read strictly") {
  for (std::string bytes : {"", "a", "ab", "abc", "abcd", "\xff\xfe\x00"})
    CHECK(store::decode_base64(encode_base64(bytes)) == bytes);
  CHECK(encode_base64("user:pass") == "dXNlcjpwYXNz");
  for (const auto* bad : {"a", "ab", "abc", "a===", "ab=c", "ab c", "a-_b", "====="})
    CHECK_FALSE(store::decode_base64(bad));
}

TEST_CASE("a Content-Range must be whole and consistent") {
  CHECK(parse_content_range("bytes 5-9/10") == content_range{5, 9, 10});
  CHECK(parse_content_range("bytes 5-9/*") == content_range{5, 9, std::nullopt});
  for (const auto* bad : {"", "bytes", "bytes 5-9", "bytes 9-5/10", "bytes 5-10/10", "bytes */10", "items 5-9/10",
                          "bytes -9/10", "bytes 5-9/10x", "bytes 5-99999999999999999999/*", "bytes 5-9/"})
    CHECK_FALSE(parse_content_range(bad));
}

TEST_CASE("a response is fitted to what is on disk") {
  CHECK(judge_resumption(200, "", 0, 10) == resumption::append);
  CHECK(judge_resumption(200, "", 5, 10) == resumption::skip);
  CHECK(judge_resumption(206, "bytes 5-9/10", 5, 10) == resumption::append);
  CHECK(judge_resumption(206, "bytes 5-7/*", 5, 10) == resumption::append);
  CHECK(judge_resumption(206, "bytes 4-9/10", 5, 10) == resumption::whole);
  CHECK(judge_resumption(206, "bytes 5-9/11", 5, 10) == resumption::whole);
  CHECK(judge_resumption(206, "bytes 5-10/*", 5, 10) == resumption::whole);
  CHECK(judge_resumption(206, "", 5, 10) == resumption::whole);
}

TEST_CASE("waits double up to a bound, shrink by the jitter, and respect the server's wish up to another") {
  retry_policy policy;
  CHECK(policy.delay(1, 0, {}) == 500ms);
  CHECK(policy.delay(3, 0, {}) == 2000ms);
  CHECK(policy.delay(1000, 0, {}) == 8000ms);
  CHECK(policy.delay(2, 0.5, {}) == 750ms);
  CHECK(policy.delay(1, 0.9, 3s) == 3000ms);
  CHECK(policy.delay(1, 0, 0s) == 500ms);
  CHECK(policy.delay(1, 0, std::chrono::seconds(INT64_MAX)) == 60000ms);
}

TEST_CASE("Retry-After is a number of seconds or a date") {
  CHECK(parse_retry_after("120", 0) == 120s);
  CHECK(parse_retry_after("Thu, 01 Jan 1970 00:02:00 GMT", 100) == 20s);
  CHECK(parse_retry_after("Thu, 01 Jan 1970 00:02:00 GMT", 1000) == 0s);
  for (const auto* bad : {"", "-1", "soon", "99999999999999999999", "1.5x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_retry_after(bad, 0));
  }
}

TEST_CASE("loopback is known by its literal addresses, not by names that look like them") {
  for (const auto* yes : {"localhost", "LOCALHOST:5000", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:5000"})
    CHECK(is_loopback(yes));
  for (const auto* no :
       {"", "127.0.0.1.example.com", "127.1", "localhost.example.com", "128.0.0.1", "[::2]", "10.0.0.1"})
    CHECK_FALSE(is_loopback(no));
}

TEST_CASE("plain HTTP is for loopback and registries named insecure") {
  endpoints rules({"registry.lan:5000", "any.lan"});
  CHECK(rules.may_be_plain("registry.lan:5000"));
  CHECK_FALSE(rules.may_be_plain("registry.lan:5001"));
  CHECK_FALSE(rules.may_be_plain("registry.lan"));
  CHECK(rules.may_be_plain("any.lan:1234"));
  CHECK(rules.base_url("docker.io") == "https://registry-1.docker.io");
  CHECK_FALSE(rules.fall_back_to_plain("docker.io"));
  CHECK_FALSE(rules.fall_back_to_plain("example.com"));
  CHECK(rules.base_url("any.lan") == "https://any.lan");
  CHECK(rules.fall_back_to_plain("any.lan"));
  CHECK_FALSE(rules.fall_back_to_plain("any.lan"));
  CHECK(rules.base_url("any.lan") == "http://any.lan");
  rules.forget("any.lan");
  CHECK(rules.base_url("any.lan") == "https://any.lan");
}

TEST_CASE("a redirect never gives up TLS") {
  endpoints rules({"any.lan"});
  auto at = [](const std::string& url) { return *origin_of(url); };
  CHECK(rules.may_redirect(at("https://a/"), at("https://b/")));
  CHECK(rules.may_redirect(at("http://any.lan/"), at("https://b/")));
  CHECK(rules.may_redirect(at("http://any.lan/"), at("http://127.0.0.1/")));
  CHECK_FALSE(rules.may_redirect(at("https://a/"), at("http://127.0.0.1/")));
  CHECK_FALSE(rules.may_redirect(at("http://any.lan/"), at("http://b/")));
}

TEST_CASE("URLs are taken apart and put together strictly") {
  CHECK(origin_of("https://Example.com/x") == origin{"https", "example.com", "443"});
  CHECK(origin_of("http://[::1]:5000/") == origin{"http", "[::1]", "5000"});
  for (const auto* bad :
       {"", "x", "ftp://a/", "file:///etc/passwd", "https://u:p@a/", "https://a/\r\nX: y", "https://a b/"})
    CHECK_FALSE(origin_of(bad));
  CHECK(resolve_url("https://a/b/c?d", "../e") == "https://a/e");
  CHECK(resolve_url("https://a/b", "//c/d") == "https://c/d");
  CHECK_FALSE(resolve_url("https://a/b", ""));
  CHECK_FALSE(resolve_url("https://a/b", "https://a/\nb"));
  CHECK(add_query("https://a/t?x=1", {{"s", "a b&c"}}) == "https://a/t?x=1&s=a%20b%26c");
}

TEST_CASE("the token server's answer holds a token, or it is refused") {
  CHECK(parse_token_response(R"({"token":"a"})")->value == "a");
  CHECK(parse_token_response(R"({"access_token":"b","token":""})")->value == "b");
  CHECK(parse_token_response(R"({"token":"a"})")->valid_for == 60s);
  CHECK(parse_token_response(R"({"token":"a","expires_in":300})")->valid_for == 300s);
  CHECK(parse_token_response(R"({"token":"a","expires_in":-5})")->valid_for == 60s);
  CHECK(parse_token_response(R"({"token":"a","expires_in":1e300})")->valid_for == 60s);
  for (const auto* bad : {"", "[]", "{}", R"({"token":1})", R"({"token":"a b"})", R"({"token":"a\nb"})"})
    CHECK(parse_token_response(bad).error().code == errc::denied);
}

TEST_CASE("tokens are kept until shortly before their end, each for its own user and scope") {
  token_cache cache;
  token_cache::clock::time_point start{};
  token_key key{"https://r", "realm", "service", "scope", fingerprint({"ann", "a", "", ""})};
  cache.put(key, {"t", 100s}, start);
  CHECK(cache.get(key, start) == "t");
  CHECK(cache.get(key, start + 89s) == "t");
  CHECK_FALSE(cache.get(key, start + 90s));
  auto other = key;
  other.user = fingerprint({"ann", "b", "", ""});
  CHECK_FALSE(cache.get(other, start));
  CHECK(fingerprint({"a", "bc", "", ""}) != fingerprint({"ab", "c", "", ""}));
  cache.drop(key);
  CHECK_FALSE(cache.get(key, start));
}

TEST_CASE("an https registry's realm must have TLS, a plain one's may be on loopback") {
  authorizer logins;
  endpoints rules({});
  auto ask = [&](const std::string& registry, const std::string& realm) {
    return logins.challenged({registry, "a/b", {"ann", "secret", "", ""}}, {"Bearer realm=\"" + realm + "\""}, "",
                             rules);
  };
  auto good = ask("https://r", "https://auth.example/t");
  REQUIRE(good);
  REQUIRE(good->fetch);
  CHECK(good->fetch->key.scope == "repository:a/b:pull");
  CHECK(good->fetch->authorization == "Basic " + encode_base64("ann:secret"));
  CHECK_FALSE(ask("https://r", "http://127.0.0.1/t"));
  CHECK(ask("http://127.0.0.1:5000", "http://localhost:5001/t"));
  CHECK_FALSE(ask("http://127.0.0.1:5000", "http://auth.example/t"));
}

TEST_CASE("a bearer challenge is preferred to a basic one; others are reported") {
  authorizer logins;
  endpoints rules({});
  repository_access to{"https://r", "a/b", {"ann", "secret", "", ""}};
  auto both = logins.challenged(to, {"Basic realm=\"x\"", "Bearer realm=\"https://t/\""}, "", rules);
  CHECK(both->fetch.has_value());
  CHECK_FALSE(logins.challenged(to, {"Negotiate"}, "", rules));
  CHECK_FALSE(logins.challenged(to, {}, "", rules));
}

TEST_CASE("a failure's body is told in one bounded line") {
  CHECK(describe_error_body(R"({"errors":[{"code":"DENIED","message":"no\n"}]})") == "no  (DENIED)");
  CHECK(describe_error_body(R"({"errors":[{"code":"DENIED"}]})") == "DENIED");
  CHECK(describe_error_body(R"({"details":"wrong password"})") == "wrong password");
  CHECK(describe_error_body("plain words\n") == "plain words");
  CHECK(describe_error_body("<html>long</html>").empty());
  CHECK(describe_error_body("").empty());
  CHECK(describe_error_body("[]").empty());
  CHECK(describe_error_body(std::string(5000, 'x')).size() == 303);
}

TEST_CASE("certificates are checked and proxies used for all but loopback and insecure registries") {
  endpoints rules({"any.lan"});
  client_options options;
  auto usual = request_to("https://example.com/v2/", rules, options);
  CHECK(usual->verify_certificate);
  CHECK_FALSE(usual->direct);
  auto insecure = request_to("https://any.lan:5000/v2/", rules, options);
  CHECK_FALSE(insecure->verify_certificate);
  CHECK_FALSE(insecure->direct);
  CHECK(request_to("http://127.0.0.1:5000/v2/", rules, options)->direct);
  CHECK_FALSE(request_to("gopher://example.com/", rules, options));
}
