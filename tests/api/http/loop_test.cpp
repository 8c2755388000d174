#include "api/http/loop.hpp"

#include <memory>

#include "tests/catch.hpp"

using gantry::http::loop;

TEST_CASE("an answer that comes while the door stops, or after it, holds nothing: not even the loop that it came to") {
  auto home = std::make_shared<loop>();
  auto answer = std::make_shared<int>(1);
  home->io.run(); // the door's thread has ended
  home->post([home, answer] {});
  home->close();
  home->post([home, answer] {});
  std::weak_ptr<loop> last = home;
  home.reset();
  CHECK(last.expired());
  CHECK(answer.use_count() == 1);
}
