#include "store/folder_name.hpp"

#include "tests/catch.hpp"

using gantry::store::folder_name;
using gantry::store::gone_name;
using gantry::store::parse_number;
using state = folder_name::state;

TEST_CASE("a folder's name tells its number and state") {
  CHECK(folder_name::parse("7").now == state::whole);
  CHECK(folder_name::parse("7").number == 7);
  CHECK(folder_name::parse(".new-7").now == state::made);
  CHECK(folder_name::parse(".new-7").number == 7);
  auto gone = folder_name::parse(gone_name("7"));
  CHECK(gone.now == state::gone);
  CHECK(gone.number == 7);
  CHECK(folder_name::parse(gone_name("my-volume")).now == state::gone);
}

TEST_CASE("names that the engine does not make are foreign") {
  for (auto name :
       {"", "0", "07", "-1", "+1", "1x", " 1", "next", "lost+found", ".new-", ".new-x", "1234567890123456789"})
    CHECK(folder_name::parse(name).now == state::foreign);
}

TEST_CASE("the name for deletion differs each time") { CHECK(gone_name("7") != gone_name("7")); }

TEST_CASE("a number has no sign, no leading zero and at most 18 digits") {
  CHECK(parse_number("999999999999999999") == 999999999999999999u);
  CHECK_FALSE(parse_number("1000000000000000000"));
  CHECK_FALSE(parse_number("01"));
  CHECK_FALSE(parse_number(""));
}
