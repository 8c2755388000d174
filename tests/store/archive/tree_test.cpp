#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "store/archive/look_at.hpp"
#include "store/archive/pack.hpp"
#include "store/archive/tree_path.hpp"
#include "store/archive/unpack.hpp"
#include "store/layer/tar_reader.hpp"
#include "tests/store/layer/sources.hpp"
#include "tests/store/layer/tar_writer.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using store::unpacking;

namespace {

/// A container's root, and beside it a folder of the host that nothing may reach.
struct stage {
  stage() {
    must(sys::make_directories(root("etc"), 0755));
    must(sys::make_directories(host(""), 0755));
    write(host("secret"), "the host's");
  }
  [[nodiscard]] std::string root(const std::string& name) const { return folder / ("root/" + name); }
  [[nodiscard]] std::string host(const std::string& name) const { return folder / ("host/" + name); }
  [[nodiscard]] sys::rooted_dir open() const { return must(sys::rooted_dir::open(root(""))); }

  [[nodiscard]] result<std::string> packed(const std::string& path) const {
    string_sink sink;
    store::tar_writer to(sink);
    const auto clean = store::clean_path(path);
    GANTRY_TRY(store::pack(open(), clean, store::names_of(clean), to));
    GANTRY_TRY(to.finish());
    return sink.bytes;
  }
  [[nodiscard]] result<void> unpacked(const std::string& archive, const std::string& into,
                                      const unpacking& how = {}) const {
    string_source source(archive);
    return store::unpack(source, open(), store::clean_path(into), how);
  }
  temporary_folder folder;
};

/// "name kind[ target]" of each entry, and its content behind a colon.
std::vector<std::string> entries(const std::string& archive) {
  string_source source(archive);
  const std::function<bool()> never;
  store::tar_reader reader(source, never, 1 << 30);
  std::vector<std::string> found;
  store::tar_entry entry;
  while (must(reader.next(entry))) {
    constexpr std::string_view kinds = "fdlhcbp";
    auto line = entry.name + " " + kinds[static_cast<std::size_t>(entry.kind)];
    if (!entry.target.empty()) line += " " + entry.target;
    std::string content;
    for (store::tar_reader::block piece; must(reader.next_block(piece));)
      content.append(piece.bytes.data(), piece.bytes.size());
    found.push_back(content.empty() ? line : line + ": " + content);
  }
  return found;
}

std::string content_of(const std::string& path) { return must(sys::read_file(path)); }

using lines = std::vector<std::string>;

} // namespace

// -- out --------------------------------------------------------------------------------------------------------------

TEST_CASE("a folder is packed under its own name, in order, links as they are") {
  stage s;
  write(s.root("etc/b"), "two");
  write(s.root("etc/a"), "one");
  REQUIRE(::symlink("/host/secret", s.root("etc/link").c_str()) == 0);
  REQUIRE(::link(s.root("etc/b").c_str(), s.root("etc/same").c_str()) == 0);
  CHECK(entries(must(s.packed("/etc"))) ==
        lines{"etc/ d", "etc/a f: one", "etc/b f: two", "etc/link l /host/secret", "etc/same h etc/b"});
  CHECK(entries(must(s.packed("/etc/.")))[1] == "./a f: one");
  CHECK(entries(must(s.packed("/")))[1] == "/etc/ d");
  CHECK(entries(must(s.packed("etc/a"))) == lines{"a f: one"});
}

TEST_CASE("a link is packed as such, and followed in the root when the path says so") {
  stage s;
  write(s.root("etc/a"), "one");
  REQUIRE(::symlink("/etc", s.root("link").c_str()) == 0);
  CHECK(entries(must(s.packed("/link"))) == lines{"link l /etc"});
  CHECK(entries(must(s.packed("/link/"))) == lines{"link/ d", "link/a f: one"});
  REQUIRE(::symlink(s.host("").c_str(), s.root("out").c_str()) == 0);
  CHECK(s.packed("/out/").error().code == errc::not_found);
  REQUIRE(::symlink("../../host", s.root("up").c_str()) == 0);
  CHECK(s.packed("/up/").error().code == errc::not_found);
}

TEST_CASE("FIFOs and sockets in a tree make nobody wait") {
  stage s;
  REQUIRE(::mkfifo(s.root("etc/fifo").c_str(), 0600) == 0);
  sys::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{AF_UNIX, {}};
  s.root("etc/socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(entries(must(s.packed("/etc"))) == lines{"etc/ d", "etc/fifo p"});
  CHECK(entries(must(s.packed("/etc/fifo"))) == lines{"fifo p"});
}

TEST_CASE("what is looked at tells its kind and where its links lead within the root") {
  stage s;
  write(s.root("etc/a"), "one");
  REQUIRE(::symlink("../../../etc/a", s.root("etc/link").c_str()) == 0);
  REQUIRE(::symlink("/etc/link", s.root("chain").c_str()) == 0);
  REQUIRE(::symlink("/nowhere/x", s.root("dangling").c_str()) == 0);
  REQUIRE(::symlink("loop", s.root("loop").c_str()) == 0);
  auto look = [&](const char* path) { return store::look_at(s.open(), store::clean_path(path)); };
  CHECK(look("/chain")->link_target == "/etc/a");
  CHECK(look("/dangling")->link_target == "/nowhere/x");
  CHECK(look("/etc")->name == "etc");
  CHECK(look("/")->name == "/");
  CHECK(S_ISLNK(look("/chain")->status.st_mode));
  CHECK(look("/loop").error().code == errc::invalid_argument);
  CHECK(look("/none").error().code == errc::not_found);
  CHECK(look("/etc/a/b").error().code == errc::invalid_argument);
  CHECK(look("/etc/a/").error().code == errc::invalid_argument);
}

// -- in ---------------------------------------------------------------------------------------------------------------

TEST_CASE("an archive is merged with what is there") {
  stage s;
  write(s.root("etc/keep"), "kept");
  write(s.root("etc/old"), "old");
  test::tar_writer archive;
  archive.folder("etc/", 0750)
      .file("etc/old", "new", 04755)
      .symlink("etc/link", "/host")
      .hardlink("etc/same", "etc/old");
  must(s.unpacked(archive.finish(), "/"));
  CHECK(content_of(s.root("etc/keep")) == "kept");
  CHECK(content_of(s.root("etc/same")) == "new");
  CHECK((status_of(s.root("etc/old")).st_mode & 07777) == 04755);
  CHECK((status_of(s.root("etc")).st_mode & 07777) == 0750);
  CHECK(status_of(s.root("etc")).st_mtime == 1'700'000'000);
}

TEST_CASE("folders that an archive only implies are made") {
  stage s;
  must(s.unpacked(test::tar_writer().file("a/b/c", "deep").finish(), "/etc"));
  CHECK(content_of(s.root("etc/a/b/c")) == "deep");
}

TEST_CASE("kinds are kept when that is asked for") {
  stage s;
  must(sys::make_directories(s.root("dir"), 0755));
  write(s.root("file"), "x");
  const unpacking keep{.keep_kinds = true, .all_owned_by = {}};
  auto over_folder = s.unpacked(test::tar_writer().file("dir").finish(), "/", keep);
  CHECK(over_folder.error().message.find("cannot overwrite directory") != std::string::npos);
  auto over_file = s.unpacked(test::tar_writer().folder("file").finish(), "/", keep);
  CHECK(over_file.error().message.find("cannot overwrite non-directory") != std::string::npos);
  write(s.root("dir/inner"), "x");
  must(s.unpacked(test::tar_writer().file("dir", "now a file").finish(), "/"));
  CHECK(content_of(s.root("dir")) == "now a file");
}

TEST_CASE("no name of an archive leads out of the root") {
  stage s;
  CHECK(s.unpacked(test::tar_writer().file("../host/x", "evil").finish(), "/").error().code == errc::invalid_argument);
  CHECK(s.unpacked(test::tar_writer().hardlink("x", "../host/secret").finish(), "/").error().code ==
        errc::invalid_argument);
  // By a link that the archive brings along, which is followed in the root.
  CHECK_FALSE(s.unpacked(test::tar_writer().symlink("out", s.host("")).file("out/x", "evil").finish(), "/etc"));
  must(sys::make_directories(s.root("host"), 0755));
  must(s.unpacked(test::tar_writer().symlink("up", "../../../host").file("up/y", "evil").finish(), "/etc"));
  CHECK_FALSE(exists(s.host("x")));
  CHECK_FALSE(exists(s.host("y")));
  CHECK(content_of(s.root("host/y")) == "evil");
}

TEST_CASE("a link at an entry's own place is replaced, never written through") {
  stage s;
  REQUIRE(::symlink(s.host("secret").c_str(), s.root("etc/passwd").c_str()) == 0);
  must(s.unpacked(test::tar_writer().file("passwd", "mine", 0777).finish(), "/etc"));
  CHECK(content_of(s.host("secret")) == "the host's");
  CHECK(content_of(s.root("etc/passwd")) == "mine");
}

TEST_CASE("everything belongs to one owner when that is asked for", "[root]") {
  stage s;
  test::tar_writer archive;
  archive.file("f").folder("d").symlink("l", "f");
  must(s.unpacked(archive.finish(), "/etc", {.keep_kinds = false, .all_owned_by = unpacking::owner{12, 34}}));
  for (const char* name : {"etc/f", "etc/d", "etc/l"}) {
    CHECK(status_of(s.root(name)).st_uid == 12);
    CHECK(status_of(s.root(name)).st_gid == 34);
  }
}

TEST_CASE("what is no archive is said to be none") {
  stage s;
  CHECK(s.unpacked("this is not a tar archive at all" + std::string(1000, 'x'), "/").error().code == errc::corrupt);
}

// -- against a container that changes its files meanwhile -------------------------------------------------------------

namespace {

/// Swaps two names without end, as CVE-2018-15664's exploit does, while `attempt` is made many times.
void while_swapping(const stage& s, const std::string& one, const std::string& other,
                    const std::function<void()>& attempt) {
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) (void)::renameat2(AT_FDCWD, s.root(one).c_str(), AT_FDCWD, s.root(other).c_str(), RENAME_EXCHANGE);
  });
  for (int i = 0; i < 3000; ++i) attempt();
  stop = true;
  swapper.join();
}

} // namespace

TEST_CASE("a folder that is swapped with a link to the host's root gives nothing of the host away") {
  stage s;
  must(sys::make_directories(s.root("dir"), 0755));
  write(s.root("dir/secret"), "the container's");
  REQUIRE(::symlink(s.host("").c_str(), s.root("link").c_str()) == 0);
  std::size_t got = 0;
  while_swapping(s, "dir", "link", [&] {
    for (const char* path : {"/dir/secret", "/dir/", "/"}) {
      auto archive = s.packed(path);
      if (!archive) continue;
      got += archive->find("the container's") != std::string::npos ? 1 : 0;
      REQUIRE(archive->find("the host's") == std::string::npos);
    }
  });
  CHECK(got > 0);
}

TEST_CASE("nothing is written to the host through a folder that is swapped with a link") {
  stage s;
  must(sys::make_directories(s.root("dir"), 0755));
  REQUIRE(::symlink(s.host("").c_str(), s.root("link").c_str()) == 0);
  test::tar_writer archive;
  archive.file("secret", "overwritten").folder("sub").file("sub/new", "evil").symlink("l", "x");
  const auto bytes = archive.finish();
  while_swapping(s, "dir", "link", [&] { (void)s.unpacked(bytes, "/dir"); });
  CHECK(content_of(s.host("secret")) == "the host's");
  CHECK_FALSE(exists(s.host("sub")));
  CHECK_FALSE(exists(s.host("l")));
}

TEST_CASE("modes and owners go to what was made, not to a link that took its place") {
  stage s;
  must(sys::make_directories(s.root("d"), 0755));
  REQUIRE(::symlink(s.host("secret").c_str(), s.root("link").c_str()) == 0);
  const auto before = status_of(s.host("secret")).st_mode;
  test::tar_writer archive;
  test::tar_header fifo;
  fifo.name = "p";
  fifo.type = '6';
  fifo.mode = 07777;
  const auto bytes = archive.add(fifo).finish();
  must(s.unpacked(bytes, "/d"));
  while_swapping(s, "d/p", "link", [&] { (void)s.unpacked(bytes, "/d"); });
  CHECK(status_of(s.host("secret")).st_mode == before);
}
