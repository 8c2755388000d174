#include "store/blob/ingest.hpp"

#include <atomic>
#include <thread>

#include "store/blob/blob_store.hpp"
#include "tests/catch.hpp"
#include "tests/store/blob/temporary_root.hpp"

using namespace gantry;
using store::blob_store;
using test::temporary_root;

namespace {

std::string some_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t seed = 1;
  for (auto& byte : bytes) byte = static_cast<char>((seed = seed * 1664525u + 1013904223u) >> 24);
  return bytes;
}

descriptor describe(const std::string& bytes) { return {"", store::digest_of(bytes), bytes.size(), {}, {}}; }

struct fixture {
  temporary_root root;
  blob_store blobs = *blob_store::open(root.path());
  std::string bytes = some_bytes(300000);
  descriptor what = describe(bytes);
};

} // namespace

TEST_CASE_METHOD(fixture, "a reader follows the file while it grows, and the commit moves it to the blobs") {
  auto arriving = *blobs.begin(what);
  std::string seen;
  std::thread extractor([&] {
    auto source = arriving->reader();
    char buffer[7000];
    for (auto got = source->read(buffer); got && *got > 0; got = source->read(buffer)) seen.append(buffer, *got);
  });
  for (std::size_t at = 0; at < bytes.size(); at += 1000)
    REQUIRE(arriving->append(std::span(bytes).subspan(at, std::min<std::size_t>(1000, bytes.size() - at))));
  REQUIRE(arriving->finish());
  extractor.join();
  CHECK(seen == bytes);
  REQUIRE(arriving->commit());
  CHECK(blobs.size(what.content) == bytes.size());
  CHECK(blobs.read(what.content, 1 << 20) == bytes);
  CHECK(blobs.list_ingests()->empty());
}

TEST_CASE_METHOD(fixture, "a commit reads what the extractor left, and needs no reader at all") {
  auto arriving = *blobs.begin(what);
  if (GENERATE(true, false)) {
    REQUIRE(arriving->append(std::span(bytes).first(100)));
    char buffer[10];
    CHECK(arriving->reader()->read(buffer) == 10u);
    REQUIRE(arriving->append(std::span(bytes).subspan(100)));
  } else {
    REQUIRE(arriving->append(bytes));
  }
  REQUIRE(arriving->finish());
  REQUIRE(arriving->commit());
  CHECK(blobs.has(what.content));
}

TEST_CASE_METHOD(fixture, "a download goes on where the last one ended") {
  {
    auto arriving = *blobs.begin(what);
    REQUIRE(arriving->append(std::span(bytes).first(1234)));
    arriving->fail({errc::unavailable, "the cable was cut", 0});
  }
  auto arriving = *blobs.begin(what);
  REQUIRE(arriving->size_on_disk() == 1234);
  REQUIRE(arriving->append(std::span(bytes).subspan(1234)));
  REQUIRE(arriving->finish());
  REQUIRE(arriving->commit());
  CHECK(blobs.read(what.content, 1 << 20) == bytes);
}

TEST_CASE_METHOD(fixture, "more bytes than the descriptor says are refused at once, and the file goes") {
  auto arriving = *blobs.begin(what);
  REQUIRE(arriving->append(bytes));
  auto more = arriving->append(std::string_view("x"));
  REQUIRE_FALSE(more);
  CHECK(more.error().code == errc::corrupt);
  CHECK_THAT(more.error().message, test::contains("300000 bytes"));
  CHECK(arriving->finish().error().code == errc::corrupt);
  arriving.reset();
  CHECK(blobs.list_ingests()->empty());
}

TEST_CASE_METHOD(fixture, "fewer bytes than the descriptor says do not finish") {
  auto arriving = *blobs.begin(what);
  REQUIRE(arriving->append(std::span(bytes).first(1200)));
  auto finished = arriving->finish();
  REQUIRE_FALSE(finished);
  CHECK_THAT(finished.error().message, test::contains("expected 300000 bytes, got 1200"));
}

TEST_CASE_METHOD(fixture, "another content is corrupt, and the next download starts from zero") {
  bytes[77] = static_cast<char>(bytes[77] ^ 1);
  {
    auto arriving = *blobs.begin(what);
    REQUIRE(arriving->append(bytes));
    REQUIRE(arriving->finish());
    auto done = arriving->commit();
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::corrupt);
    CHECK_THAT(done.error().message, test::contains(what.content.str()));
  }
  CHECK_FALSE(blobs.has(what.content));
  CHECK((*blobs.begin(what))->size_on_disk() == 0);
}

TEST_CASE_METHOD(fixture, "a failure reaches a reader that waits, after the bytes before it") {
  auto arriving = *blobs.begin(what);
  REQUIRE(arriving->append(std::string_view(bytes).substr(0, 5)));
  result<std::size_t> first;
  result<std::size_t> second;
  std::thread extractor([&] {
    char buffer[100];
    auto source = arriving->reader();
    first = source->read(buffer);
    second = source->read(buffer);
  });
  arriving->fail({errc::timeout, "no byte for 60 s", 0});
  arriving->fail({errc::internal, "a later one", 0});
  extractor.join();
  CHECK(first == 5u);
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "no byte for 60 s");
  CHECK(arriving->append(std::string_view("y")).error().code == errc::timeout);
  CHECK(arriving->commit().error().code == errc::timeout);
}

TEST_CASE("a writer is asked to pause when the reader lags, and woken when it has caught up") {
  temporary_root root;
  auto blobs = *blob_store::open(root.path());
  constexpr std::size_t mebibyte = 1u << 20;
  descriptor what{"", store::digest_of("anything"), 100 * mebibyte, {}, {}};
  auto arriving = *blobs.begin(what);
  int woken = 0;
  arriving->on_wake([&] { ++woken; });
  std::string chunk(mebibyte, 'x');
  for (int i = 0; i < 65; ++i) REQUIRE(arriving->append(chunk));
  CHECK_FALSE(arriving->must_pause()); // nobody reads yet: a transfer must not wait for a reader that waits for it
  auto source = arriving->reader();
  CHECK(arriving->must_pause());
  CHECK(arriving->lag() == 65 * mebibyte);
  std::string buffer(mebibyte, '\0');
  while (arriving->lag() > store::ingest::low_lag + mebibyte) REQUIRE(source->read(buffer));
  CHECK(woken == 0);
  REQUIRE(source->read(buffer));
  CHECK(woken == 1);
  CHECK_FALSE(arriving->must_pause());
  for (int i = 0; i < 33; ++i) REQUIRE(arriving->append(chunk));
  CHECK(arriving->must_pause());
  if (GENERATE(true, false))
    arriving->fail({errc::cancelled, "nobody waits", 0});
  else
    source.reset();
  CHECK(woken == 2);
  CHECK_FALSE(arriving->must_pause());
}
