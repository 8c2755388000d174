#include "store/archive/tree_path.hpp"

#include "store/archive/pack.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::store;

TEST_CASE("a user's path is cleaned by its letters, and keeps the end that follows links") {
  CHECK(clean_path("etc/hosts") == "/etc/hosts");
  CHECK(clean_path("//a/./b/../c") == "/a/c");
  CHECK(clean_path("../../etc") == "/etc");
  CHECK(clean_path("/a/") == "/a/");
  CHECK(clean_path("/a/.") == "/a/.");
  CHECK(clean_path("/a/./") == "/a/./");
  CHECK(clean_path("/") == "/");
  CHECK(clean_path(".") == "/.");
}

TEST_CASE("names of an archive are those of dockerd") {
  auto names = [](const char* path) {
    auto found = names_of(clean_path(path));
    return found.top + " " + found.below;
  };
  CHECK(names("/etc/hosts") == "hosts hosts/");
  CHECK(names("/etc/") == "etc etc/");
  CHECK(names("/etc/.") == ". ./");
  CHECK(names("/") == "/ /");
}

TEST_CASE("an entry's name stays within its archive") {
  CHECK(clean_entry_name("a/b") == "a/b");
  CHECK(clean_entry_name("./a/../b/") == "b");
  CHECK(clean_entry_name("/abs") == "abs");
  CHECK(clean_entry_name("/../abs") == "abs");
  CHECK(clean_entry_name("./") == "");
  CHECK_FALSE(clean_entry_name("../a"));
  CHECK_FALSE(clean_entry_name("a/../../b"));
}
