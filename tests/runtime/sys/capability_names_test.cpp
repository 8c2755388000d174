#include <linux/capability.h>

#include "runtime/sys/capability_names.hpp"
#include "tests/catch.hpp"

using namespace gantry::sys;

TEST_CASE("every capability has a name and a number that belong together") {
  for (int number = 0; number < capability_count; ++number) {
    INFO(number);
    CHECK(capability_name(number).starts_with("CAP_"));
    CHECK(capability_number(capability_name(number)) == number);
  }
  CHECK(capability_name(CAP_SYS_ADMIN) == "CAP_SYS_ADMIN");
  CHECK(capability_name(CAP_CHECKPOINT_RESTORE) == "CAP_CHECKPOINT_RESTORE");
}

TEST_CASE("what is no capability has no name and no number") {
  CHECK(capability_name(-1).empty());
  CHECK(capability_name(capability_count).empty());
  for (const auto* name : {"", "CAP_", "chown", "CAP_chown", "CAP_FROM_THE_FUTURE"}) CHECK(!capability_number(name));
}
