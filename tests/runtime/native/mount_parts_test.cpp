#include "runtime/native/mount_parts.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using words = std::vector<std::string>;

TEST_CASE("layers of an overlay are told apart as overlayfs does, where the kernel takes them one by one") {
  const auto layers = native::layers_one_by_one("overlay", "lowerdir=/a\\:b\\,c:/d\\\\e:/f");
  if (layers.empty())
    SUCCEED("a kernel before 6.8");
  else
    CHECK(layers == words{"/a:b,c", "/d\\e", "/f"});
  for (const auto* option : {"upperdir=/a", "lowerdir=", "lowerdir=/a::/b", "lowerdir"})
    CHECK(native::layers_one_by_one("overlay", option).empty());
  CHECK(native::layers_one_by_one("overlay", "lowerdir=/" + std::string(255, 'x')).empty());
  CHECK(native::layers_one_by_one("tmpfs", "lowerdir=/a:/b").empty());
}
