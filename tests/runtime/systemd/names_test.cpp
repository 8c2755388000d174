#include "runtime/systemd/names.hpp"

#include "tests/catch.hpp"

namespace gantry::test {

TEST_CASE("systemd: a slice's name says which slices it is in") {
  CHECK(systemd::path_of_slice("a.slice") == "/a.slice");
  CHECK(systemd::path_of_slice("a-b-c.slice") == "/a.slice/a-b.slice/a-b-c.slice");
  CHECK(systemd::path_of_slice("-.slice") == "");
  CHECK(systemd::path_of_slice("/kubepods.slice/kubepods-pod1_2.slice") == "/kubepods.slice/kubepods-pod1_2.slice");
}

TEST_CASE("systemd: what names no slice is refused") {
  for (const auto* bad : {"", "slice", ".slice", "/a", "-a.slice", "a-.slice", "a--b.slice", "a.scope", "a b.slice",
                          "a.slice/", "a/../b", "--.slice"})
    CHECK_FALSE(systemd::path_of_slice(bad));
  CHECK_FALSE(systemd::path_of_slice(std::string(250, 'a') + ".slice"));
}

TEST_CASE("systemd: a slice below another is named after it") {
  CHECK(systemd::slice_below("a-b.slice", "c") == "a-b-c.slice");
  CHECK(systemd::slice_below("/a.slice/a-b.slice", "c") == "a-b-c.slice");
  CHECK(systemd::slice_below("-.slice", "c") == "c.slice");
}

TEST_CASE("systemd: a container's cgroupsPath is its scope's path, and back") {
  const std::string path = "/a.slice/a-b.slice/gantry-12.scope";
  CHECK(systemd::path_of_scope("a-b.slice:gantry:12") == path);
  CHECK(systemd::cgroups_path_of(path) == "a-b.slice:gantry:12");
  CHECK(systemd::path_of_scope(":gantry:12") == "/system.slice/gantry-12.scope");
  CHECK(systemd::path_of_scope("-.slice::12") == "/12.scope");
  CHECK(systemd::path_of_scope("a.slice:gantry:12-pause") == "/a.slice/gantry-12-pause.scope");
  for (const auto* bad : {"", "/a/b", "a.slice:b", "a.slice:b:c:d", "a:b:c", "a.slice:b:c/d", "a.slice:b:../c"})
    CHECK_FALSE(systemd::path_of_scope(bad));
}

TEST_CASE("systemd: what is a unit's cgroup") {
  CHECK(systemd::is_scope("/a.slice/x.scope"));
  CHECK_FALSE(systemd::is_scope("/a.slice"));
  CHECK(systemd::is_unit("/a.slice"));
  CHECK_FALSE(systemd::is_unit("/gantry/docker/0123"));
}

} // namespace gantry::test
