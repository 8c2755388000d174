#include "tests/store/image_archive/archive_fixture.hpp"
#include "tests/store/layer/compressed.hpp"

namespace gantry::test {

TEST_CASE("archive: files are found by name, also through links, wherever these stand") {
  archive_fixture f;
  auto tar = tar_writer()
                 .symlink("b/layer.tar", "../a/layer.tar")
                 .folder("a")
                 .file("./a/layer.tar", "content")
                 .hardlink("c", "a/layer.tar")
                 .finish();
  for (const auto& bytes : {tar, gzip(tar), zstd(tar)}) {
    auto contents = must(f.read(bytes));
    for (const auto* name : {"a/layer.tar", "b/layer.tar", "c"}) {
      INFO(name);
      CHECK(must(contents.text(name, 100)) == "content");
      CHECK(must(contents.file(name)).content == store::digest_of("content"));
    }
    CHECK(contents.file("d").error().code == errc::not_found);
    CHECK(contents.text("c", 3).error().code == errc::exhausted);
  }
}

TEST_CASE("archive: what no archive of images holds is refused, and named") {
  archive_fixture f;
  auto entry = [](const std::string& name, char type, const std::string& target = "") {
    tar_header header;
    header.name = name, header.type = type, header.target = target;
    return tar_writer().add(header).finish();
  };
  auto [tar, word] = GENERATE_COPY(table<std::string, std::string>({
      {entry("../up", '0'), "\"..\""},
      {entry("a/../../up", '0'), "\"..\""},
      {entry("x", '2', "../../etc/passwd"), "leads out"},
      {entry("x", '2', "/etc/passwd"), "absolute"},
      {entry("x", '1', "../y"), "\"..\""},
      {entry("x", '3'), "devices"},
      {entry("x", '6'), "FIFO"},
      {tar_writer().file("x", "1").file("./x", "2").finish(), "twice"},
      {tar_writer()
           .file(std::string(200, 'n') + "/" + std::string(200, 'n') + "/" + std::string(200, 'n'), "1")
           .finish(),
       "512"},
      {tar_writer().file("x", std::string(2000, 'x')).unfinished().substr(0, 1200), "x"},
      {std::string(4096, 'q'), "tar"},
  }));
  auto read = f.read(tar);
  REQUIRE_FALSE(read);
  CHECK_THAT(read.error().message, contains(word));
}

TEST_CASE("archive: links in a circle end") {
  archive_fixture f;
  auto contents = must(f.read(tar_writer().symlink("a", "b").symlink("b", "a").finish()));
  CHECK(contents.file("a").error().code == errc::corrupt);
}

TEST_CASE("archive: bounds on entries and bytes, also of what is compressed") {
  archive_fixture f;
  store::archive_limits few;
  few.max_entries = 2;
  CHECK(f.read(tar_writer().file("a").file("b").file("c").finish(), few).error().code == errc::exhausted);
  store::archive_limits small;
  small.max_bytes = 100'000;
  CHECK(f.read(gzip(tar_writer().file("a", std::string(1 << 20, 'a')).finish()), small).error().code ==
        errc::exhausted);
}

TEST_CASE("archive: a file of holes is refused before it costs anything") {
  archive_fixture f;
  tar_header header;
  header.name = "GNUSparseFile.0/x";
  header.pax = {{"GNU.sparse.major", "1"},
                {"GNU.sparse.minor", "0"},
                {"GNU.sparse.name", "x"},
                {"GNU.sparse.realsize", "1099511627776"}};
  header.content = "1\n1099511627775\n1\n" + std::string(512 - 18, '\0') + "z" + std::string(511, '\0');
  auto read = f.read(tar_writer().add(header).finish());
  REQUIRE_FALSE(read);
  CHECK_THAT(read.error().message, contains("sparse"));
}

TEST_CASE("staging: what is not kept goes with it, and what is kept is a blob") {
  temporary_folder root;
  auto blobs = must(store::blob_store::open(root.path()));
  store::staging::piece kept, dropped;
  {
    auto pieces = must(store::staging::open(root.path()));
    auto file = must(pieces->begin());
    must(file.write("abc"));
    kept = file.end();
    dropped = must(pieces->begin()).end();
    must(pieces->keep({&kept, 1}));
    must(pieces->keep({&kept, 1})); // as when two archives hold it
  }
  CHECK(must(blobs.read(store::digest_of("abc"), 10)) == "abc");
  CHECK_FALSE(blobs.has(dropped.content));
  CHECK(must(blobs.list()).size() == 1);
}

TEST_CASE("staging: what a crash left goes when the store is opened, and what lives stays") {
  temporary_folder root;
  (void)must(store::blob_store::open(root.path()));
  auto pieces = must(store::staging::open(root.path()));
  auto left = root / "ingest/stage.crash1";
  must(sys::make_directories(left, 0700));
  write(left + "/0", "half");
  (void)must(store::blob_store::open(root.path()));
  CHECK_FALSE(exists(left));
  CHECK(must(pieces->begin()).end().size == 0); // its folder is there
}

} // namespace gantry::test
