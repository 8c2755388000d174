#include "tools/gantry-load/measure/failure.hpp"

#include "tests/catch.hpp"

using namespace gantry::load;

namespace {

std::string kind(int status, std::string_view body, const char* step = "create") {
  auto made = failure_of_answer(status, body, std::nullopt);
  made.step = step;
  return kind_of(made);
}

} // namespace

TEST_CASE("failures are counted by step, status and the first words of the message") {
  CHECK(kind(404, R"({"message":"No such image: nosuch:latest"})") == "create: HTTP 404 No such image: nosuch:latest");
  CHECK(kind(500, R"({"cause":"x","message":"internal","response":500})") == "create: HTTP 500 internal");
  CHECK(kind(502, "<html>Bad Gateway</html>") == "create: HTTP 502 <html>Bad Gateway</html>");
  CHECK(kind(500, "") == "create: HTTP 500");
  CHECK(kind(500, R"({"message":5})") == "create: HTTP 500 {\"message\":N}");
}

TEST_CASE("failures of different containers are one kind") {
  std::string one(64, 'a'), other(64, '7');
  auto message = [](const std::string& id, const char* pid) {
    return R"({"message":"container )" + id + R"( of pid )" + pid + R"( is not running"})";
  };
  CHECK(kind(409, message(one, "12")) == kind(409, message(other, "4711")));
  CHECK(first_words("container " + one + " is gone") == "container <id> is gone");
  CHECK(first_words("exit 137, /run/0123456789ab/x") == "exit N, /run/<id>/x");
  // Words are no ids.
  CHECK(first_words("defaced facade decade") == "defaced facade decade");
}

TEST_CASE("what an engine says is short, one line, and cannot drive the terminal") {
  CHECK(first_words("a b c d e f g h i j") == "a b c d e f g h");
  CHECK(first_words("one\n  two\t\x1b[2Jthree") == "one two ?[2Jthree");
  CHECK(first_words(std::string(5000, 'x')).size() <= 72);
  CHECK(first_words("short " + std::string(5000, 'x')) == "short");
  CHECK(first_words("  \n ").empty());
}

TEST_CASE("failures without an answer have kinds of their own") {
  failure what;
  what.step = "start";
  what.why = failure::cause::timeout;
  CHECK(kind_of(what) == "start: timeout");
  what.why = failure::cause::connect;
  what.words = "Connection refused";
  CHECK(kind_of(what) == "start: connect: Connection refused");
  what.why = failure::cause::broken;
  what.words = "the engine closed the connection before its answer";
  CHECK(kind_of(what) == "start: broken: the engine closed the connection before its answer");
  what.why = failure::cause::exit;
  what.status = 137;
  what.words.clear();
  CHECK(kind_of(what) == "start: exit status 137");
}

TEST_CASE("a refusal is told from a failure") {
  CHECK(failure_of_answer(429, "", std::nullopt).refused());
  CHECK_FALSE(failure_of_answer(503, "", std::nullopt).refused());
  failure exited;
  exited.why = failure::cause::exit;
  exited.status = 429;
  CHECK_FALSE(exited.refused());
}
