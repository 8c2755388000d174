#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;
using kind = monitor::open_stream::kind;

monitor::open_stream attach_to(const key& name, std::string exec_id = "") {
  return {name, std::move(exec_id), kind::attach, true, true, true};
}

std::string process(const std::vector<std::string>& args, bool tty = false) {
  std::string list;
  for (const auto& arg : args) list += (list.empty() ? "\"" : ",\"") + arg + "\"";
  return R"({"terminal":)" + std::string(tty ? "true" : "false") + R"(,"user":{"uid":0,"gid":0},"args":[)" + list +
         R"(],"env":["PATH=/bin"],"cwd":"/","consoleSize":{"height":12,"width":34}})";
}

TEST_CASE("a client that attaches before the start gets all output, and its stdin arrives", "[root]") {
  monitor_fixture m;
  auto stream = m.open_stream(attach_to(m.name("cat")));
  (void)m.must<monitor::started>(m.container("cat", {.args = {"cat"}, .open_stdin = true, .stdin_once = true}));
  std::string text(200'000, 'x');
  text += "\nend\n";
  CHECK(stream.write(text));
  CHECK(stream.close_stdin());
  auto content = read_all(stream);
  CHECK(content.out == text);
  CHECK(content.exit_code == 0);
  CHECK(m.exited().wait("cat").exit_code == 0);
}

TEST_CASE("stdout and stderr stay apart", "[root]") {
  monitor_fixture m;
  auto stream = m.open_stream(attach_to(m.name("both")));
  (void)m.must<monitor::started>(m.container("both", {.args = {"sh", "-c", "echo out; echo err >&2; exit 4"}}));
  auto content = read_all(stream);
  CHECK(content.out == "out\n");
  CHECK(content.err == "err\n");
  CHECK(content.exit_code == 4);
}

TEST_CASE("the end of a client ends stdin when it is for one client", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("cat", {.args = {"cat"}, .open_stdin = true, .stdin_once = true}));
  { auto stream = m.open_stream(attach_to(m.name("cat"))); }
  CHECK(m.exited().wait("cat").exit_code == 0);
}

TEST_CASE("a terminal is one, echoes, and is resized", "[root]") {
  monitor_fixture m;
  auto stream = m.open_stream(attach_to(m.name("tty")));
  auto what =
      m.container("tty", {.args = {"sh", "-c", "tty; read line; stty size; exit 5"}, .tty = true, .open_stdin = true});
  (void)m.must<monitor::started>(what);
  CHECK(m.ask(monitor::resize_terminal{m.name("tty"), "", 33, 77}));
  CHECK(stream.write("go\n"));
  auto content = read_all(stream);
  CHECK_THAT(content.out, contains("/dev/pts/0"));
  CHECK_THAT(content.out, contains("33 77"));
  CHECK(content.exit_code == 5);
  CHECK_THAT(m.log_text("tty"), contains("33 77"));
}

TEST_CASE("attaching to a container that has ended tells its exit code", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("done", {.args = {"sh", "-c", "exit 6"}}));
  (void)m.exited().wait("done");
  auto stream = m.open_stream(attach_to(m.name("done")));
  CHECK(read_all(stream).exit_code == 6);
}

TEST_CASE("exec runs in the container, with streams and an exit code of its own", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("box", {.args = {"sleep", "1000"}}));
  auto stream = m.open_stream(attach_to(m.name("box"), "e1"));
  auto started = m.must<monitor::started>(monitor::exec_process{
      m.name("box"), "e1", process({"sh", "-c", "cat; echo $$; exit 9"}), false, true, false, 0, 0});
  CHECK(started.pid > 1);
  CHECK(stream.write("typed\n"));
  CHECK(stream.close_stdin());
  auto content = read_all(stream);
  CHECK_THAT(content.out, contains("typed\n"));
  CHECK(content.exit_code == 9);
  CHECK(m.exited().wait("box", "e1").exit_code == 9);

  auto failed =
      m.ask(monitor::exec_process{m.name("box"), "e2", process({"no-such-program"}), false, false, false, 0, 0});
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, contains("executable file not found"));
}

TEST_CASE("exec with a terminal", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("box", {.args = {"sleep", "1000"}}));
  auto stream = m.open_stream(attach_to(m.name("box"), "t"));
  (void)m.must<monitor::started>(
      monitor::exec_process{m.name("box"), "t", process({"sh", "-c", "stty size"}, true), true, true, false, 12, 34});
  CHECK_THAT(read_all(stream).out, contains("12 34"));
}

TEST_CASE("who follows the log is woken when it has grown and told the end", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("f", {.args = {"sh", "-c", "read line; echo $line"}, .open_stdin = true}));
  auto follower = m.open_stream({m.name("f"), "", kind::follow_log, false, false, false});
  auto writer = m.open_stream(attach_to(m.name("f")));
  CHECK(writer.write("hello\n"));
  bool advanced = false;
  for (;;) {
    auto next = follower.read();
    REQUIRE(next);
    REQUIRE(*next);
    if ((*next)->type == monitor::frame::end) break;
    advanced = advanced || (*next)->type == monitor::frame::log_advanced;
  }
  CHECK(advanced);
  CHECK(m.log_text("f") == "hello\n");
}

TEST_CASE("who follows the log of a container that is gone is not kept waiting", "[root]") {
  monitor_fixture m;
  auto follower = m.open_stream({m.name("gone"), "", kind::follow_log, false, false, false});
  CHECK(read_all(follower).exit_code == -1);
}

TEST_CASE("a client that does not read is dropped and holds nobody up", "[root]") {
  monitor_fixture m;
  auto stuck = m.open_stream(attach_to(m.name("loud")));
  (void)m.must<monitor::started>(
      m.container("loud", {.args = {"dd", "if=/dev/zero", "bs=65536", "count=320"}, .log_driver = "none"}));
  CHECK(m.exited().wait("loud").exit_code == 0);
}

TEST_CASE("a token is for one connection, and a wrong one is refused", "[root]") {
  monitor_fixture m;
  auto token = m.must<monitor::stream_token>(attach_to(m.name("nobody")));
  auto first = stream::connection::open(token);
  REQUIRE(first);
  auto second = stream::connection::open(token);
  REQUIRE(second);
  CHECK(read_all(*second).exit_code == -1);
}

} // namespace
