#include "store/archive/tar_writer.hpp"

#include <sys/sysmacros.h>

#include "store/layer/tar_reader.hpp"
#include "tests/catch.hpp"
#include "tests/store/layer/sources.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::store;

namespace {

/// The one entry that an archive holds, and its content.
std::pair<tar_entry, std::string> read_back(const tar_entry& entry, std::string_view content = "") {
  test::string_sink sink;
  store::tar_writer writer(sink);
  test::must(writer.add(entry));
  test::must(writer.content(content));
  test::must(writer.finish());
  REQUIRE(sink.bytes.size() % 512 == 0);
  test::string_source source(sink.bytes);
  const std::function<bool()> never;
  tar_reader reader(source, never, std::uint64_t{1} << 40);
  tar_entry found;
  auto more = reader.next(found);
  if (!more) FAIL(more.error().message);
  REQUIRE(*more);
  std::string got;
  for (tar_reader::block piece; reader.next_block(piece).value();) got.append(piece.bytes.data(), piece.bytes.size());
  tar_entry none;
  CHECK_FALSE(reader.next(none).value());
  return {found, got};
}

tar_entry file(std::string name, std::uint64_t size) {
  tar_entry entry;
  entry.name = std::move(name);
  entry.size = size;
  entry.attrs.mode = 0644;
  return entry;
}

} // namespace

TEST_CASE("a file comes back with its attributes and content") {
  auto entry = file("dir/file", 5);
  entry.attrs = {04755, 1000, 100, {1'700'000'000, 0}, {{"security.capability", std::string("\1\0\0\2", 4)}}};
  auto [found, content] = read_back(entry, "hello");
  CHECK(found.name == "dir/file");
  CHECK(found.kind == entry_kind::file);
  CHECK(found.attrs.mode == 04755);
  CHECK(found.attrs.uid == 1000);
  CHECK(found.attrs.gid == 100);
  CHECK(found.attrs.mtime.tv_sec == 1'700'000'000);
  REQUIRE(found.attrs.xattrs.size() == 1);
  CHECK(found.attrs.xattrs[0].value == std::string("\1\0\0\2", 4));
  CHECK(content == "hello");
}

TEST_CASE("what ustar cannot hold goes into pax records") {
  auto entry = file(std::string(300, 'n') + "/\xff\xfe", 0);
  entry.attrs.uid = 4'000'000'000;
  entry.attrs.gid = 3'000'000;
  entry.attrs.mtime.tv_sec = -86400;
  auto found = read_back(entry).first;
  CHECK(found.name == entry.name);
  CHECK(found.attrs.uid == 4'000'000'000);
  CHECK(found.attrs.gid == 3'000'000);
  CHECK(found.attrs.mtime.tv_sec == -86400);
}

TEST_CASE("names at the border of a header's field stay whole") {
  for (std::size_t length : {99U, 100U, 101U})
    CHECK(read_back(file(std::string(length, 'x'), 0)).first.name.size() == length);
}

TEST_CASE("links, folders and devices come back as such") {
  tar_entry entry;
  entry.name = "link";
  entry.kind = GENERATE(entry_kind::symlink, entry_kind::hardlink);
  entry.target = std::string(150, 't');
  CHECK(read_back(entry).first.target == entry.target);
  CHECK(read_back(entry).first.kind == entry.kind);

  tar_entry device;
  device.name = "null";
  device.kind = entry_kind::char_device;
  device.device = makedev(1, 3);
  CHECK(read_back(device).first.device == makedev(1, 3));

  tar_entry folder;
  folder.name = "d/";
  folder.kind = entry_kind::folder;
  CHECK(read_back(folder).first.kind == entry_kind::folder);
}

TEST_CASE("a file that shrank while it was read is filled with zeros, one that grew is cut") {
  CHECK(read_back(file("f", 8), "abc").second == std::string("abc\0\0\0\0\0", 8));
  CHECK(read_back(file("f", 2), "abc").second == "ab");
}

TEST_CASE("a size over eight gibibytes is told") {
  test::string_sink sink;
  store::tar_writer writer(sink);
  test::must(writer.add(file("big", std::uint64_t{9} << 30)));
  test::must(writer.content(std::string(200'000, 'x'))); // so that the header is handed over
  CHECK(sink.bytes.find("size=9663676416\n") != std::string::npos);
}
