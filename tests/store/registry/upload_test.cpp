#include "tests/store/registry/client_fixture.hpp"

namespace gantry::test {
namespace {

/// A registry that takes uploads.
struct shelf {
  std::map<std::string, std::string> blobs, manifests;
  int sessions = 0, failures = 0; ///< failures: of PUTs, before they succeed
  bool can_mount = false;

  scripted_reply answer(const http_message& asked) {
    auto reply = [](int status, std::map<std::string, std::string> headers = {}) {
      scripted_reply made;
      made.status = status, made.headers = std::move(headers);
      return made;
    };
    auto at = [&](const std::string& part) { return asked.target.find(part) != std::string::npos; };
    if (asked.method == "HEAD")
      return reply(blobs.contains(asked.target.substr(asked.target.rfind('/') + 1)) ? 200 : 404);
    if (asked.method == "POST" && at("mount=") && can_mount) return reply(201);
    if (asked.method == "POST") return reply(202, {{"location", "/upload/" + std::to_string(++sessions) + "?state=x"}});
    if (asked.method == "PUT" && failures-- > 0) return reply(503);
    if (asked.method == "PUT" && at("/upload/")) {
      blobs[asked.target.substr(asked.target.find("digest=") + 7)] = asked.body;
      return reply(201);
    }
    manifests[asked.target] = asked.header("content-type") + "|" + asked.body;
    return reply(201, {{"docker-content-digest", store::digest_of(asked.body).str()}});
  }
};

struct push_fixture {
  shelf registry;
  scripted_server server{[this](const http_message& asked) { return registry.answer(asked); }};
  store::registry_client client{hasty()};
  temporary_root root;
  std::string bytes = std::string(3'000'000, 'x') + "end";
  std::string file = root.path() + "/blob";

  push_fixture() { REQUIRE(sys::write_file(file, bytes)); }
  result<store::upload_end> put(const std::string& mount_from = "") {
    answer<store::upload_end> got;
    client.put_blob(image_at(server.host()), describe(bytes), file, mount_from, {}, 1, {}, got.take());
    return got.get();
  }
  [[nodiscard]] std::string methods() const {
    std::string all;
    for (const auto& one : server.seen()) all += one.method + " ";
    return all;
  }
};

} // namespace

TEST_CASE("push: a blob is looked for, then uploaded whole") {
  push_fixture f;
  CHECK(f.put().value() == store::upload_end::uploaded);
  CHECK(f.methods() == "HEAD POST PUT ");
  CHECK(f.registry.blobs[describe(f.bytes).content.str()] == f.bytes);
  CHECK(f.put().value() == store::upload_end::existed);
  CHECK(f.methods() == "HEAD POST PUT HEAD ");
}

TEST_CASE("push: a blob of another repository is mounted where the registry can, else uploaded") {
  push_fixture f;
  f.registry.can_mount = GENERATE(true, false);
  auto how = f.put("team/base").value();
  CHECK(how == (f.registry.can_mount ? store::upload_end::mounted : store::upload_end::uploaded));
  CHECK_THAT(f.server.seen()[1].target, contains("mount=" + describe(f.bytes).content.str() + "&from=team/base"));
}

TEST_CASE("push: an upload that fails begins anew, in a session of its own, and not for ever") {
  push_fixture f;
  f.registry.failures = 2;
  CHECK(f.put().value() == store::upload_end::uploaded);
  CHECK(f.registry.sessions == 3);
  f.registry.blobs.clear();
  f.registry.failures = 100;
  CHECK(f.put().error().code == errc::unavailable);
}

TEST_CASE("push: a blob that is cut off on the disk is no endless upload") {
  push_fixture f;
  REQUIRE(::truncate(f.file.c_str(), 100) == 0);
  CHECK_FALSE(f.put());
}

TEST_CASE("push: a manifest goes as it is, by its own media type") {
  push_fixture f;
  std::string manifest = R"({"schemaVersion":2})";
  REQUIRE(sys::write_file(f.file, manifest));
  descriptor what{media_type::oci_manifest, store::digest_of(manifest), manifest.size(), {}, {}};
  answer<void> got;
  f.client.put_manifest(image_at(f.server.host()), what, f.file, {}, got.take());
  REQUIRE(got.get());
  CHECK(f.registry.manifests["/v2/team/app/manifests/v1"] == std::string(media_type::oci_manifest) + "|" + manifest);
}

TEST_CASE("push: a token is asked for that may push") {
  std::string scope;
  scripted_server registry([&](const http_message& asked) {
    scripted_reply reply;
    if (asked.target.starts_with("/token")) {
      scope = asked.target;
      reply.body = R"({"token":"t"})";
    } else if (asked.header("authorization") != "Bearer t") {
      reply.status = 401;
      reply.headers["www-authenticate"] = "Bearer realm=\"http://" + asked.header("host") + "/token\",service=\"s\"";
    }
    return reply;
  });
  store::registry_client client{hasty()};
  answer<store::upload_end> got;
  client.put_blob(image_at(registry.host()), describe("x"), "/dev/null", "", {}, 1, {}, got.take());
  CHECK(got.get().value() == store::upload_end::existed);
  CHECK_THAT(scope, contains("scope=repository%3ateam%2fapp%3apull%2cpush"));
}

} // namespace gantry::test
