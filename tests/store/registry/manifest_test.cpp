#include "messages/domain/manifest.hpp"
#include "tests/store/registry/client_fixture.hpp"

using namespace gantry;
using namespace gantry::test;
using store::registry_client;

namespace {

const std::string body = R"({"schemaVersion":2})";

scripted_reply manifest_reply(const http_message&) {
  return {200, {{"Content-Type", "Application/vnd.oci.image.manifest.v1+json; charset=utf-8"}}, body};
}

} // namespace

TEST_CASE("a manifest is asked for by tag with all the types that Gantry reads") {
  scripted_server server(manifest_reply);
  registry_client client;
  auto got = get_manifest(client, image_at(server.host()));
  REQUIRE(got);
  CHECK(got->bytes == body);
  CHECK(got->content_type == media_type::oci_manifest);
  CHECK(got->content == store::digest_of(body));
  auto request = server.seen().at(0);
  CHECK(request.target == "/v2/team/app/manifests/v1");
  for (const auto* type :
       {media_type::oci_index, media_type::oci_manifest, media_type::docker_list, media_type::docker_manifest})
    CHECK_THAT(request.header("accept"), test::contains(type));
  CHECK_THAT(request.header("user-agent"), test::contains("gantry/"));
  CHECK(request.header("authorization").empty());
}

TEST_CASE("a pinned manifest is asked for by digest and must have it") {
  scripted_server server(manifest_reply);
  registry_client client(hasty());
  auto image = image_at(server.host());
  image.content = store::digest_of(body);
  auto got = get_manifest(client, image);
  REQUIRE(got);
  CHECK(server.seen().at(0).target == "/v2/team/app/manifests/" + image.content.str());
  image.content = store::digest_of("another");
  got = get_manifest(client, image);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::corrupt);
  CHECK(server.seen().size() == 2);
}

TEST_CASE("a registry that lies about a manifest's digest is found out") {
  auto said = GENERATE(as<std::string>(), store::digest_of("other").str(), "sha256:short", "md5:0");
  scripted_server server([&](const http_message& request) {
    auto reply = manifest_reply(request);
    reply.headers["Docker-Content-Digest"] = said;
    return reply;
  });
  registry_client client(hasty());
  auto got = get_manifest(client, image_at(server.host()));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::corrupt);
  CHECK_THAT(got.error().message, test::contains("manifest v1 of " + server.host() + "/team/app"));
}

TEST_CASE("a manifest over 4 MiB is refused before it is read whole") {
  auto claims = GENERATE(true, false); // in the second case only the bytes themselves tell
  scripted_server server([&](const http_message&) {
    scripted_reply reply{200, {}, std::string(claims ? 100 : max_manifest_bytes + 1, 'x')};
    reply.length = claims ? 5u << 20 : std::string::npos;
    reply.then = after::hang;
    return reply;
  });
  registry_client client(hasty());
  auto got = get_manifest(client, image_at(server.host()));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::corrupt);
  CHECK_THAT(got.error().message, test::contains("4194304 bytes"));
}

TEST_CASE("what a registry says of a failure reaches the user, and 403 and 404 are not tried again") {
  auto [status, code] =
      GENERATE(table<int, errc>({{404, errc::not_found}, {403, errc::denied}, {400, errc::unavailable}}));
  scripted_server server([status = status](const http_message&) {
    return scripted_reply{
        status, {}, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown\u0007 here"}]})"};
  });
  registry_client client(hasty());
  auto got = get_manifest(client, image_at(server.host()));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == code);
  CHECK_THAT(got.error().message, test::contains("manifest unknown  here (MANIFEST_UNKNOWN)"));
  CHECK(server.seen().size() == 1);
}

TEST_CASE("a config is verified by size and digest, and one over the limit is not asked for") {
  std::string sent = body;
  scripted_server server([&](const http_message&) { return scripted_reply{200, {}, sent}; });
  registry_client client(hasty());
  auto get = [&](const descriptor& what, std::size_t limit) {
    answer<std::string> got;
    client.get_document(image_at(server.host()), what, limit, {}, got.take());
    return got.get();
  };
  CHECK(get(describe(body), 100) == body);
  CHECK(get(describe(body), 3).error().code == errc::exhausted);
  CHECK(server.seen().size() == 1);
  auto longer = describe(body);
  longer.size += 1;
  CHECK(get(longer, 100).error().code == errc::corrupt);
  auto shorter = describe(body);
  shorter.size -= 1;
  CHECK(get(shorter, 100).error().code == errc::corrupt);
  auto other = describe(body);
  other.content = store::digest_of("x");
  CHECK(get(other, 100).error().code == errc::corrupt);
}

TEST_CASE("a registry that fails for a while is asked again, one that fails for good is given up") {
  auto status = GENERATE(408, 429, 500, 502, 503, 504);
  int failures = 3;
  scripted_server server([&](const http_message& request) {
    if (failures-- > 0) return scripted_reply{status, {{"Retry-After", "1"}}, "try later"};
    return manifest_reply(request);
  });
  registry_client client(hasty());
  CHECK(get_manifest(client, image_at(server.host())));
  CHECK(server.seen().size() == 4);
  failures = 1000;
  auto got = get_manifest(client, image_at(server.host()));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == (status == 429 ? errc::exhausted : errc::unavailable));
  CHECK_THAT(got.error().message, test::contains("try later"));
}

TEST_CASE("a connection that breaks is made again; an address where nobody listens is reported") {
  int broken = 2;
  std::string gone;
  {
    scripted_server server([&](const http_message& request) {
      auto reply = manifest_reply(request);
      if (broken-- > 0) reply = {200, {}, "x", after::close, 100};
      return reply;
    });
    gone = server.host();
    registry_client client(hasty());
    CHECK(get_manifest(client, image_at(server.host())));
  }
  registry_client client(hasty());
  auto got = get_manifest(client, image_at(gone));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::unavailable);
}

TEST_CASE("headers without end are cut off") {
  scripted_server server([&](const http_message& request) {
    auto reply = manifest_reply(request);
    for (int i = 0; i < 100; ++i) reply.headers["X-" + std::to_string(i)] = std::string(1000, 'x');
    return reply;
  });
  registry_client client(hasty());
  auto got = get_manifest(client, image_at(server.host()));
  REQUIRE_FALSE(got);
  CHECK_THAT(got.error().message, test::contains("64 KiB of headers"));
}
