#include "api/http/message.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::http;

TEST_CASE("a query's parameters are decoded, and the first of a name counts") {
  auto q = query::parse("name=a%2Fb+c&all=1&name=second&empty=&bare");
  REQUIRE(q);
  CHECK(q->get("name") == "a/b c");
  CHECK(q->all("name").size() == 2);
  CHECK(q->flag("all"));
  CHECK(q->has("bare"));
  CHECK_FALSE(q->flag("bare"));
  CHECK(q->flag("absent", true));
}

TEST_CASE("a broken escape, a NUL or too many parameters are refused") {
  for (auto text : {"a=%", "a=%4", "a=%zz", "a=%00"}) CHECK_FALSE(query::parse(text));
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a=1&";
  CHECK_FALSE(query::parse(many));
}

TEST_CASE("a flag is false as dockerd has it") {
  auto q = query::parse("a=0&b=False&c=no&d=none&e=true&f=1&g=yes");
  REQUIRE(q);
  for (auto name : {"a", "b", "c", "d"}) CHECK_FALSE(q->flag(name));
  for (auto name : {"e", "f", "g"}) CHECK(q->flag(name));
}

TEST_CASE("a number of a query is whole or refused") {
  auto q = query::parse("t=-1&u=12x&v=99999999999999999999");
  REQUIRE(q);
  CHECK(q->number("t").value() == -1);
  CHECK(q->number("absent").value() == std::nullopt);
  CHECK_FALSE(q->number("u"));
  CHECK_FALSE(q->number("v"));
}

TEST_CASE("a response's head says how its body ends") {
  response made;
  made.body = "{}\n";
  const header_list always{{"Server", "x"}};
  CHECK_THAT(render_head(made, always, framing::length, true, 1), test::contains("Content-Length: 3\r\n"));
  CHECK_THAT(render_head(made, always, framing::chunked, true, 1), test::contains("Transfer-Encoding: chunked\r\n"));
  CHECK_THAT(render_head(made, always, framing::length, false, 1), test::contains("Connection: close\r\n"));
  CHECK_THAT(render_head(made, always, framing::length, true, 0), test::contains("HTTP/1.0 200 OK\r\n"));
  CHECK_THAT(render_head(made, always, framing::none, true, 1), test::contains("Server: x\r\n"));
}
