#include "messages/domain/container.hpp"

#include "tests/catch.hpp"

using namespace gantry;

TEST_CASE("a container's phase is shown as Docker spells it") {
  CHECK(to_string(phase::created) == "created");
  CHECK(to_string(phase::starting) == "created");
  CHECK(to_string(phase::running) == "running");
  CHECK(to_string(phase::exited) == "exited");
  CHECK(to_string(phase::dead) == "dead");
}
