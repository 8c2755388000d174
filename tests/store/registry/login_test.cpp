#include <algorithm>
#include <cctype>

#include "store/registry/base64.hpp"
#include "tests/store/registry/client_fixture.hpp"

using namespace gantry;
using namespace gantry::test;
using store::registry_client;

namespace {

/// A registry that wants a bearer token, and its token server.
struct token_registry {
  std::string expected = "t0ken";
  std::string given = "t0ken";
  std::string lifetime = R"(, "expires_in": 300)";
  std::string realm; ///< empty: the server's own

  scripted_server server{[this](const http_message& request) { return answer(request); }};

  scripted_reply answer(const http_message& request) {
    if (request.target.starts_with("/token")) return {200, {}, R"({"token": ")" + given + "\"" + lifetime + "}"};
    if (request.header("authorization") == "Bearer " + expected) return {200, {}, "{}"};
    auto where = realm.empty() ? "http://" + server.host() + "/token?x=1" : realm;
    return {401,
            {{"WWW-Authenticate",
              "Bearer realm=\"" + where + "\",service=\"a, \\\"b\\\"\",scope=\"repository:team/app:pull\""}},
            R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})"};
  }
  [[nodiscard]] std::vector<http_message> token_requests() const {
    auto all = server.seen();
    std::erase_if(all, [](const auto& one) { return !one.target.starts_with("/token"); });
    return all;
  }
};

} // namespace

TEST_CASE("a token is fetched where the registry says, and used again until it expires") {
  token_registry registry;
  registry_client client(hasty());
  for (int i = 0; i < 3; ++i) CHECK(get_manifest(client, image_at(registry.server.host())));
  auto asked = registry.token_requests();
  REQUIRE(asked.size() == 1);
  auto target = asked[0].target; // curl's case of the percent encoding depends on its version
  std::transform(target.begin(), target.end(), target.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  CHECK(target == "/token?x=1&service=a%2c%20%22b%22&scope=repository%3ateam%2fapp%3apull");
  CHECK(asked[0].header("authorization").empty());
  CHECK(registry.server.seen().size() == 5);
}

TEST_CASE("a token that lives for a moment only is used all the same") {
  token_registry registry;
  registry.lifetime = R"(, "expires_in": 1)";
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(registry.server.host())));
  CHECK(get_manifest(client, image_at(registry.server.host())));
  CHECK(registry.token_requests().size() == 2);
}

TEST_CASE("a user's token is asked for with the password, and is not another's") {
  token_registry registry;
  registry_client client(hasty());
  auto image = image_at(registry.server.host());
  CHECK(get_manifest(client, image, {"ann", "secret", "", ""}));
  CHECK(get_manifest(client, image, {"ann", "secret", "", ""}));
  CHECK(get_manifest(client, image, {"ann", "wrong", "", ""}));
  auto asked = registry.token_requests();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].header("authorization") == "Basic " + store::encode_base64("ann:secret"));
  CHECK(asked[1].header("authorization") == "Basic " + store::encode_base64("ann:wrong"));
  CHECK_THAT(asked[0].target, test::contains("account=ann"));
}

TEST_CASE("an identity token is exchanged by a POST") {
  token_registry registry;
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(registry.server.host()), {"", "", "re+fresh", ""}));
  auto asked = registry.token_requests();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].method == "POST");
  CHECK_THAT(asked[0].body, test::contains("grant_type=refresh_token"));
  CHECK_THAT(asked[0].body, test::contains("refresh_token=re%2Bfresh"));
  CHECK(asked[0].target == "/token?x=1");
}

TEST_CASE("a registry token is sent as it is, but not when it would be more than one header") {
  token_registry registry;
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(registry.server.host()), {"", "", "", "t0ken"}));
  CHECK(registry.server.seen().size() == 1);
  auto got = get_manifest(client, image_at(registry.server.host()), {"", "", "", "t0ken\r\nX-Evil: 1"});
  CHECK(got.error().code == errc::denied);
  CHECK(registry.server.seen().at(1).header("x-evil").empty());
}

TEST_CASE("a 401 after a fresh token is final") {
  token_registry registry;
  registry.expected = "another";
  registry_client client(hasty());
  auto got = get_manifest(client, image_at(registry.server.host()));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::denied);
  CHECK_THAT(got.error().message, test::contains("authentication required (UNAUTHORIZED)"));
  CHECK(registry.server.seen().size() == 3);
}

TEST_CASE("a token that the registry no longer takes is replaced once") {
  token_registry registry;
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(registry.server.host())));
  registry.expected = registry.given = "newer";
  CHECK(get_manifest(client, image_at(registry.server.host())));
  CHECK(registry.token_requests().size() == 2);
}

TEST_CASE("a token that could not stand in a header is refused") {
  token_registry registry;
  registry.given = R"(a\r\nX-Evil: 1)";
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(registry.server.host())).error().code == errc::denied);
  CHECK(registry.server.seen().size() == 2);
}

TEST_CASE("credentials go to no realm without TLS that is not ours to trust") {
  token_registry registry;
  registry.realm =
      GENERATE(as<std::string>(), "http://192.0.2.1/token", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "x");
  registry_client client(hasty());
  auto got = get_manifest(client, image_at(registry.server.host()), {"ann", "secret", "", ""});
  REQUIRE_FALSE(got);
  CHECK(registry.server.seen().size() == 1);
  CHECK_THAT(got.error().message, !test::contains("secret"));
}

TEST_CASE("a token server that redirects to somebody else does not take the password along") {
  scripted_server other(
      [](const http_message&) {
        return scripted_reply{200, {}, R"({"access_token": "t0ken"})"};
      },
      "127.0.0.2");
  scripted_server first([&](const http_message&) {
    return scripted_reply{307, {{"Location", "http://" + other.host() + "/t"}}, ""};
  });
  token_registry registry;
  registry.realm = "http://" + first.host() + "/t";
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(registry.server.host()), {"ann", "secret", "", ""}));
  CHECK_FALSE(first.seen().at(0).header("authorization").empty());
  CHECK(other.seen().at(0).header("authorization").empty());
}

TEST_CASE("basic authentication sends the password when asked, and says when it is wrong") {
  scripted_server server([](const http_message& request) {
    if (request.header("authorization") == "Basic " + store::encode_base64("ann:secret"))
      return scripted_reply{200, {}, "{}"};
    return scripted_reply{401, {{"WWW-Authenticate", "Basic realm=\"here\""}}, ""};
  });
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(server.host()), {"ann", "secret", "", ""}));
  CHECK(get_manifest(client, image_at(server.host()), {"ann", "secret", "", ""}));
  CHECK(server.seen().size() == 3);
  auto wrong = get_manifest(client, image_at(server.host()), {"ann", "no", "", ""});
  CHECK(wrong.error().code == errc::denied);
  auto nobody = get_manifest(client, image_at(server.host()));
  CHECK(nobody.error().code == errc::denied);
  CHECK_THAT(nobody.error().message, test::contains("log in"));
}

TEST_CASE_METHOD(download_fixture, "a redirect to another host gets the blob and no Authorization") {
  scripted_server storage([&](const http_message&) { return scripted_reply{200, {}, bytes}; }, "127.0.0.2");
  scripted_server server([&](const http_message& request) {
    if (request.header("authorization").empty())
      return scripted_reply{401, {{"WWW-Authenticate", "Basic realm=\"here\""}}, ""};
    if (request.target.starts_with("/v2/")) return scripted_reply{302, {{"Location", "/moved"}}, ""};
    return scripted_reply{307, {{"Location", "http://" + storage.host() + "/b?sig=1"}}, ""};
  });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  REQUIRE(get_blob(client, image_at(server.host()), into, {"ann", "secret", "", ""}));
  REQUIRE(into->commit());
  REQUIRE(storage.seen().size() == 1);
  CHECK(storage.seen()[0].header("authorization").empty());
  CHECK(storage.seen()[0].target == "/b?sig=1");
  CHECK_FALSE(server.seen().at(2).header("authorization").empty());
}

TEST_CASE("redirects in a circle, to other protocols and to plain HTTP elsewhere are not followed") {
  auto to = GENERATE(as<std::string>(), "/again", "file:///etc/passwd", "http://192.0.2.1/x", "");
  scripted_server server([&](const http_message&) { return scripted_reply{302, {{"Location", to}}, ""}; });
  registry_client client(hasty());
  CHECK_FALSE(get_manifest(client, image_at(server.host())));
  CHECK(server.seen().size() == (to == "/again" ? 6 : 1));
}
