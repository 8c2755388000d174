#include "tools/gantry/commands/copy_paths.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cli;

TEST_CASE("a colon tells a container's path, but not in what is clearly a path of this host") {
  CHECK(parse_copy_end("web:/etc").container == "web");
  CHECK(parse_copy_end("web:/a:b").path == "/a:b");
  for (const char* path : {"/a:b", "./a:b", "../a:b", "plain", ":x"}) CHECK(parse_copy_end(path).container.empty());
  CHECK(parse_copy_end("-").is_stream());
  CHECK_FALSE(parse_copy_end("web:-").is_stream());
}

TEST_CASE("where a copy goes follows docker cp's rules") {
  auto place = [](const char* source, bool is_folder, const char* target, path_kind there) {
    auto found = place_copy(source, is_folder, target, there);
    return found ? found->folder + " " + found->top : "refused";
  };
  SECTION("a file") {
    CHECK(place("/a/f", false, "/dst/", path_kind::folder) == "/dst/ f");
    CHECK(place("/a/f", false, "/dst", path_kind::folder) == "/dst f");
    CHECK(place("/a/f", false, "/dst/new", path_kind::nothing) == "/dst/ new");
    CHECK(place("/a/f", false, "/dst/old", path_kind::file) == "/dst/ old");
    CHECK(place("/a/f", false, "/dst/new/", path_kind::nothing) == "refused");
    CHECK(place("/a/f", false, "/dst/old/", path_kind::file) == "refused");
    CHECK(place("/a/f", false, "new", path_kind::nothing) == ". new");
  }
  SECTION("a folder") {
    CHECK(place("/a/d", true, "/dst", path_kind::folder) == "/dst d");
    CHECK(place("/a/d/", true, "/dst", path_kind::folder) == "/dst d");
    CHECK(place("/a/d/.", true, "/dst", path_kind::folder) == "/dst ");
    CHECK(place(".", true, "/dst", path_kind::folder) == "/dst ");
    CHECK(place("/a/d", true, "/dst/new", path_kind::nothing) == "/dst/ new");
    CHECK(place("/a/d", true, "/dst/new/", path_kind::nothing) == "/dst/ new");
    CHECK(place("/a/d", true, "/dst/old", path_kind::file) == "refused");
  }
}
