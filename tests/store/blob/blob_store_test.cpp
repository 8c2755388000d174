#include "store/blob/blob_store.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/catch.hpp"
#include "tests/store/blob/temporary_root.hpp"

using namespace gantry;
using store::blob_store;
using test::temporary_root;

namespace {

std::string read_all(store::byte_source& source) {
  std::string all;
  char buffer[100];
  for (;;) {
    auto got = source.read(buffer);
    REQUIRE(got);
    if (*got == 0) return all;
    all.append(buffer, *got);
  }
}

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

} // namespace

TEST_CASE("a blob that was put can be found, opened, read, listed and removed") {
  temporary_root root;
  auto blobs = blob_store::open(root.path() + "/deep/store");
  REQUIRE(blobs);
  auto algo = GENERATE(digest::algorithm::sha256, digest::algorithm::sha512);
  std::string bytes = "{\"hello\": 1}";
  auto name = store::digest_of(bytes, algo);
  CHECK_FALSE(blobs->has(name));
  REQUIRE(blobs->put(bytes, name));
  REQUIRE(blobs->put(bytes, name));
  CHECK(blobs->size(name) == bytes.size());
  CHECK(read_all(**blobs->open_blob(name)) == bytes);
  CHECK(blobs->read(name, 100) == bytes);
  CHECK(blobs->list() == std::vector<blob_store::entry>{{name, bytes.size()}});
  REQUIRE(blobs->remove(name));
  REQUIRE(blobs->remove(name));
  CHECK_FALSE(blobs->has(name));
  CHECK(blobs->open_blob(name).error().code == errc::not_found);
}

TEST_CASE("a document with another digest is refused and leaves nothing") {
  temporary_root root;
  auto blobs = blob_store::open(root.path());
  CHECK(blobs->put("other", store::digest_of("this")).error().code == errc::corrupt);
  CHECK(blobs->put("other", digest()).error().code == errc::corrupt);
  CHECK(blobs->list()->empty());
  CHECK(files_in(root.path() + "/ingest") == 0);
}

TEST_CASE("a document that changed on disk is reported as corrupt, one that is too large as exhausted") {
  temporary_root root;
  auto blobs = blob_store::open(root.path());
  auto name = store::digest_of("content");
  REQUIRE(blobs->put("content", name));
  CHECK(blobs->read(name, 3).error().code == errc::exhausted);
  std::ofstream(blobs->path(name)) << "CONTENT";
  CHECK(blobs->read(name, 100).error().code == errc::corrupt);
}

TEST_CASE("the folders are for root alone") {
  temporary_root root;
  REQUIRE(blob_store::open(root.path() + "/s"));
  for (const auto* folder : {"/s", "/s/blobs", "/s/blobs/sha256", "/s/blobs/sha512", "/s/ingest"}) {
    struct stat status {};
    REQUIRE(::stat((root.path() + folder).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
  }
}

TEST_CASE("what a crash left of a put is gone after the next open, foreign files stay out of the lists") {
  temporary_root root;
  REQUIRE(blob_store::open(root.path()));
  std::ofstream(root.path() + "/ingest/put.abcdef") << "half";
  std::ofstream(root.path() + "/ingest/other") << "x";
  std::ofstream(root.path() + "/blobs/sha256/README") << "x";
  auto blobs = blob_store::open(root.path());
  REQUIRE(blobs);
  CHECK(files_in(root.path() + "/ingest") == 1);
  CHECK(blobs->list()->empty());
  CHECK(blobs->list_ingests()->empty());
}

TEST_CASE("a digest is downloaded by one holder at a time; its leftover is listed when nobody holds it") {
  temporary_root root;
  auto blobs = blob_store::open(root.path());
  descriptor what{"", store::digest_of("0123456789"), 10, {}, {}};
  {
    auto first = blobs->begin(what);
    REQUIRE(first);
    auto second = blobs->begin(what);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::already_exists);
    REQUIRE((*first)->append(std::string_view("0123")));
    CHECK(blobs->list_ingests()->empty());
    CHECK(blobs->remove_ingest(what.content).error().code == errc::failed_precondition);
  }
  CHECK(blobs->list_ingests() == std::vector<blob_store::entry>{{what.content, 4}});
  {
    auto again = blobs->begin(what);
    REQUIRE(again);
    CHECK((*again)->resumed_from() == 4);
    CHECK((*again)->size_on_disk() == 4);
  }
  REQUIRE(blobs->remove_ingest(what.content));
  REQUIRE(blobs->remove_ingest(what.content));
  CHECK(blobs->list_ingests()->empty());
}

TEST_CASE("a leftover that is longer than the blob is begun anew, a blob that is there is not begun") {
  temporary_root root;
  auto blobs = blob_store::open(root.path());
  descriptor what{"", store::digest_of("01"), 2, {}, {}};
  std::ofstream(root.path() + "/ingest/sha256-" + what.content.hex()) << "longer";
  auto begun = blobs->begin(what);
  REQUIRE(begun);
  CHECK((*begun)->size_on_disk() == 0);
  begun->reset();
  REQUIRE(blobs->put("01", what.content));
  CHECK(blobs->begin(what).error().code == errc::already_exists);
}
