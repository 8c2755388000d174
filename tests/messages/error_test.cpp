#include "messages/domain/error.hpp"

#include <cerrno>

#include "messages/domain/quote.hpp"
#include "tests/catch.hpp"

using namespace gantry;

namespace {

result<int> half(int n) {
  if (n % 2 != 0) return fail(errc::invalid_argument, "{} is odd", n);
  return n / 2;
}

result<int> quarter(int n) {
  GANTRY_LET(auto once, half(n));
  GANTRY_LET(auto twice, half(once));
  return twice;
}

} // namespace

TEST_CASE("an error passes through the functions on the way, each saying what it did") {
  CHECK(quarter(8) == 2);
  CHECK(quarter(6).error().message == "3 is odd");
  result<int> outer = within(quarter(6).error(), "quarter of {}", 6);
  CHECK(outer.error().message == "quarter of 6: 3 is odd");
  CHECK(outer.error().code == errc::invalid_argument);
}

TEST_CASE("a system call's error keeps its errno and gets a code") {
  result<void> missing = fail_errno(ENOENT, "open {}", "/x");
  CHECK(missing.error().code == errc::not_found);
  CHECK(missing.error().os_errno == ENOENT);
  CHECK(missing.error().message == "open /x: No such file or directory");
  CHECK(result<void>(fail_errno(ENOSPC, "x")).error().code == errc::exhausted);
  CHECK(result<void>(fail_errno(EPERM, "x")).error().code == errc::denied);
  CHECK(result<void>(fail_errno(EIO, "x")).error().code == errc::internal);
}

TEST_CASE("a stranger's text is quoted so that it cannot harm who reads it") {
  CHECK(quote("a b") == "\"a b\"");
  CHECK(quote("\x1b[2J\n\xff") == "\"?[2J??\"");
  CHECK(quote("abc", 2) == "\"ab...\"");
}
