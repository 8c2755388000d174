#include "runtime/monitor/lossy_lines.hpp"

#include "tests/catch.hpp"

namespace {

using gantry::log::output;
using gantry::monitor::lossy_lines;

TEST_CASE("a log that may lose lines takes all while there is room, line by line") {
  lossy_lines lines(100);
  CHECK(lines.take(output::out, "one\ntw", 0) == "one\n");
  CHECK(lines.take(output::err, "error\n", 4) == "error\n");
  CHECK(lines.take(output::out, "o\n", 10) == "two\n");
  CHECK(lines.take(output::out, "end", 0).empty());
  CHECK(lines.rest(output::out, 0) == "end");
  CHECK(lines.rest(output::out, 0).empty());
}

TEST_CASE("what does not fit is lost by whole lines, and what comes after is not joined to a torn one") {
  lossy_lines lines(10);
  CHECK(lines.take(output::out, "1234\n5678\nlost\nbe", 0) == "1234\n5678\n");
  CHECK(lines.take(output::out, "gun\n", 10).empty()); // full: "begun" is lost whole
  CHECK(lines.take(output::out, "on\n", 5) == "on\n");
  CHECK(lines.rest(output::out, 10).empty());
}

TEST_CASE("a line that is too large for the buffer is taken when nothing waits") {
  lossy_lines lines(2);
  CHECK(lines.take(output::out, "a long line\nb\n", 0) == "a long line\n");
  CHECK(lines.take(output::out, "a long line\n", 1).empty());
  lossy_lines none(0);
  CHECK(none.take(output::out, "x\ny\n", 0) == "x\n");
}

TEST_CASE("a line without an end is kept for 16 KiB and no longer") {
  lossy_lines lines(1 << 20);
  const std::string half(10'000, 'x');
  CHECK(lines.take(output::out, half, 0).empty());
  CHECK(lines.take(output::out, half, 0).size() == 20'000);
  CHECK(lines.take(output::out, "end\n", 0) == "end\n");
}

} // namespace
