#include <fstream>
#include <thread>

#include "tests/store/registry/client_fixture.hpp"

using namespace gantry;
using namespace gantry::test;
using store::registry_client;

namespace {

using namespace std::chrono_literals;

#ifdef __SANITIZE_THREAD__
constexpr int slowness = 10; ///< ninety mebibytes take a second there
#else
constexpr int slowness = 1;
#endif

/// What a server that knows ranges answers.
scripted_reply ranged(const http_message& request, const std::string& bytes) {
  auto range = request.header("range");
  if (range.empty()) return {200, {}, bytes};
  auto from = static_cast<std::size_t>(std::stoull(range.substr(6)));
  auto content = fmt::format("bytes {}-{}/{}", from, bytes.size() - 1, bytes.size());
  return {206, {{"Content-Range", content}}, bytes.substr(from)};
}

} // namespace

TEST_CASE_METHOD(download_fixture, "a blob arrives, its progress is told, and the commit verifies it") {
  scripted_server server([&](const http_message& request) { return ranged(request, bytes); });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  answer<void> got;
  std::uint64_t told = 0;
  client.get_blob(
      image_at(server.host()), into, {}, 7, [&](std::uint64_t there) { told = there; }, got.take());
  REQUIRE(got.get());
  CHECK(told == bytes.size());
  REQUIRE(into->commit());
  CHECK(blobs.read(what.content, 1 << 20) == bytes);
  CHECK(server.seen().at(0).target == "/v2/team/app/blobs/" + what.content.str());
}

TEST_CASE_METHOD(download_fixture, "a broken download goes on with a Range request from what is on disk") {
  int broken = 3;
  scripted_server server([&](const http_message& request) {
    auto reply = ranged(request, bytes);
    if (broken-- <= 0) return reply;
    reply.length = reply.body.size();
    reply.body.resize(20000);
    reply.then = after::close;
    return reply;
  });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  REQUIRE(get_blob(client, image_at(server.host()), into));
  REQUIRE(into->commit());
  auto seen = server.seen();
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].header("range").empty());
  CHECK(seen[1].header("range") == "bytes=20000-");
  CHECK(seen[3].header("range") == "bytes=60000-");
}

TEST_CASE_METHOD(download_fixture, "what another life of the engine left on disk is not downloaded again") {
  REQUIRE((*blobs.begin(what))->append(std::span(bytes).first(12345)));
  scripted_server server([&](const http_message& request) { return ranged(request, bytes); });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  REQUIRE(get_blob(client, image_at(server.host()), into));
  REQUIRE(into->commit());
  CHECK(server.seen().at(0).header("range") == "bytes=12345-");
}

TEST_CASE_METHOD(download_fixture, "a blob that is on disk whole needs no request") {
  REQUIRE((*blobs.begin(what))->append(bytes));
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  REQUIRE(get_blob(client, image_at("192.0.2.1:1"), into));
  REQUIRE(into->commit());
}

TEST_CASE_METHOD(download_fixture, "servers that know no ranges, or get them wrong, serve as well") {
  REQUIRE((*blobs.begin(what))->append(std::span(bytes).first(12345)));
  auto kind = GENERATE(as<std::string>(), "ignores", "refuses", "lies", "other size", "no header");
  CAPTURE(kind);
  scripted_server server([&](const http_message& request) {
    if (kind == "ignores" || request.header("range").empty()) return scripted_reply{200, {}, bytes};
    if (kind == "refuses") return scripted_reply{416, {}, ""};
    scripted_reply reply{206, {}, bytes.substr(12345)};
    if (kind == "lies") reply.headers["Content-Range"] = "bytes 12346-99999/100000";
    if (kind == "other size") reply.headers["Content-Range"] = "bytes 12345-99999/100001";
    return reply;
  });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  REQUIRE(get_blob(client, image_at(server.host()), into));
  REQUIRE(into->commit());
  CHECK(server.seen().size() == (kind == "ignores" ? 1 : 2));
}

TEST_CASE_METHOD(download_fixture, "a registry that sends more than the descriptor says is cut off at once") {
  scripted_server server([&](const http_message&) {
    scripted_reply reply{200, {}, bytes + bytes, after::hang};
    reply.length = 1u << 30;
    return reply;
  });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  auto got = get_blob(client, image_at(server.host()), into);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::corrupt);
  CHECK_THAT(got.error().message, test::contains("layer " + what.content.str() + " of "));
  CHECK_THAT(got.error().message, test::contains("100000 bytes"));
  CHECK(into->commit().error().code == errc::corrupt);
  CHECK(server.seen().size() == 1);
  into.reset();
  CHECK(blobs.list_ingests()->empty());
}

TEST_CASE_METHOD(download_fixture, "a registry that has fewer bytes than the descriptor says is given up") {
  what.size += 1;
  scripted_server server([&](const http_message& request) { return ranged(request, bytes); });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  auto got = get_blob(client, image_at(server.host()), into);
  REQUIRE_FALSE(got);
  CHECK(into->commit().error() == got.error());
}

TEST_CASE_METHOD(download_fixture, "another content is found out by the commit") {
  auto other = bytes;
  other[50000] = static_cast<char>(other[50000] + 1);
  scripted_server server([&](const http_message& request) { return ranged(request, other); });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  REQUIRE(get_blob(client, image_at(server.host()), into));
  CHECK(into->commit().error().code == errc::corrupt);
  CHECK_FALSE(blobs.has(what.content));
}

TEST_CASE_METHOD(download_fixture, "a transfer without a byte for the stall time-out fails, and keeps what it has") {
  scripted_server server([&](const http_message&) {
    scripted_reply reply{200, {}, bytes.substr(0, 500), after::hang};
    reply.length = bytes.size();
    return reply;
  });
  auto options = hasty();
  options.stall_timeout = std::chrono::milliseconds(300);
  registry_client client(options);
  auto into = *blobs.begin(what);
  auto got = get_blob(client, image_at(server.host()), into);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::timeout);
  into.reset();
  CHECK((*blobs.begin(what))->size_on_disk() == 500);
}

TEST_CASE_METHOD(download_fixture, "a slow transfer does not fail, nor one whose group gets bytes") {
  auto few = bytes.substr(0, 30);
  what = describe(few);
  scripted_server server([&](const http_message&) {
    scripted_reply reply{200, {}, few};
    reply.drip = true;
    return reply;
  });
  auto options = hasty();
  options.stall_timeout = std::chrono::milliseconds(1500); // 30 bytes take 3 s
  registry_client client(options);
  auto into = *blobs.begin(what);
  CHECK(get_blob(client, image_at(server.host()), into));
}

TEST_CASE_METHOD(download_fixture,
                 "what blocks the loop, as a disk does for one transfer, is no silence of the others") {
  auto few = bytes.substr(0, 30);
  scripted_server dripping([&](const http_message&) {
    scripted_reply reply{200, {}, few};
    reply.drip = true;
    return reply;
  });
  scripted_server quick([&](const http_message&) { return scripted_reply{200, {}, bytes}; });
  auto options = hasty();
  options.stall_timeout = 1s * slowness;
  registry_client client(options);
  answer<void> heard, blocking;
  client.get_blob(image_at(dripping.host()), *blobs.begin(describe(few)), {}, 0, {}, heard.take());
  while (dripping.seen().empty()) std::this_thread::yield();
  auto block = [done = false](std::uint64_t) mutable { // on the loop's thread
    if (!std::exchange(done, true)) std::this_thread::sleep_for(1500ms * slowness);
  };
  client.get_blob(image_at(quick.host()), *blobs.begin(what), {}, 0, block, blocking.take());
  CHECK(blocking.get());
  auto arrived = heard.get();
  INFO((arrived ? std::string() : arrived.error().message));
  CHECK(arrived);
}

TEST_CASE("a reader that is slow pauses its download, which goes on when it has caught up") {
  temporary_root root;
  auto blobs = *store::blob_store::open(root.path());
  constexpr std::size_t mebibyte = 1u << 20;
  const std::string big(90 * mebibyte, 'x');
  auto what = describe(big);
  scripted_server server([&](const http_message& request) { return ranged(request, big); });
  auto options = hasty();
  // Either the connection is still there when the reader has caught up, or it was given up and there is a new one.
  options.park_after = GENERATE(std::chrono::milliseconds(60000), std::chrono::milliseconds(1));
  options.stall_timeout = 3s * slowness; // a pause is no stall
  registry_client client(options);
  auto into = *blobs.begin(what);
  auto source = into->reader();
  answer<void> got;
  client.get_blob(image_at(server.host()), into, {}, 1, {}, got.take());
  while (into->lag() <= store::ingest::high_lag && !got.here()) std::this_thread::yield();
  REQUIRE_FALSE(got.here());
  std::this_thread::sleep_for(4000ms * slowness);
  CHECK(into->lag() <= store::ingest::high_lag + mebibyte);
  std::string buffer(mebibyte, '\0');
  std::uint64_t total = 0;
  for (auto part = source->read(buffer); part && *part > 0; part = source->read(buffer)) total += *part;
  CHECK(total == big.size());
  CHECK(got.get());
  CHECK(into->commit());
  CHECK((server.seen().size() > 1) == (options.park_after < std::chrono::seconds(1)));
}

TEST_CASE_METHOD(download_fixture, "more blobs than a registry gets at once take turns") {
  scripted_server server(
      [&](const http_message& request) { return ranged(request, std::string(1000, request.target.back())); });
  auto options = hasty();
  options.max_blobs_per_registry = 2;
  registry_client client(options);
  std::vector<std::shared_ptr<store::ingest>> arriving;
  std::vector<answer<void>> answers(20);
  for (auto& one : answers) {
    // The server makes up content; that the digests differ from it is not what this case is about.
    auto name = store::digest_of(std::to_string(arriving.size()));
    arriving.push_back(*blobs.begin({"", name, 1000, {}, {}}));
    client.get_blob(image_at(server.host()), arriving.back(), {}, 3, {}, one.take());
  }
  for (auto& one : answers) CHECK(one.get());
}

TEST_CASE_METHOD(download_fixture, "a cancelled transfer says so to its caller and to the reader") {
  scripted_server server([&](const http_message&) {
    scripted_reply reply{200, {}, "x", after::hang};
    reply.length = bytes.size();
    return reply;
  });
  auto into = *blobs.begin(what);
  answer<void> got;
  auto by_hand = GENERATE(true, false);
  {
    registry_client client(hasty());
    auto id = client.get_blob(image_at(server.host()), into, {}, 0, {}, got.take());
    char first = 0;
    CHECK(into->reader()->read(std::span(&first, 1)) == 1u);
    if (by_hand) client.cancel(id);
    if (by_hand) CHECK(got.get().error().code == errc::cancelled);
    client.cancel(id);
    client.cancel(999);
  } // or by the client's end
  if (!by_hand) CHECK(got.get().error().code == errc::cancelled);
  CHECK(into->commit().error().code == errc::cancelled);
}

TEST_CASE_METHOD(download_fixture, "an extractor that gives up ends the download") {
  scripted_server server([&](const http_message& request) { return ranged(request, bytes); });
  registry_client client(hasty());
  auto into = *blobs.begin(what);
  into->fail({errc::invalid_argument, "an entry leads out of the layer", 0});
  auto got = get_blob(client, image_at(server.host()), into);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::invalid_argument);
}
