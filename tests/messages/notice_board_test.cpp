#include "messages/notice_board.hpp"

#include "tests/catch.hpp"

namespace gantry::test {

TEST_CASE("notice board: nothing is shown at first, and after it was withdrawn") {
  notice_board<int> board;
  CHECK_FALSE(board.look());
  board.show(std::make_shared<const int>(1));
  CHECK(*board.look() == 1);
  board.show(std::make_shared<const int>(2));
  CHECK(*board.look() == 2);
  board.withdraw();
  CHECK_FALSE(board.look());
}

TEST_CASE("notice board: a value from before a change that was announced is never shown, whatever the actor shows") {
  notice_board<int> board;
  board.show(std::make_shared<const int>(1));
  board.announce();
  board.announce();
  CHECK_FALSE(board.look());
  board.show(std::make_shared<const int>(1)); // asked before the changes came
  CHECK_FALSE(board.look());
  board.took();
  CHECK_FALSE(board.look());
  board.withdraw();
  board.took();
  CHECK_FALSE(board.look());
  board.show(std::make_shared<const int>(3));
  CHECK(*board.look() == 3);
}

} // namespace gantry::test
