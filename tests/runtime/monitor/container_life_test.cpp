#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "runtime/cgroup/mode.hpp"
#include "runtime/cgroup/remove.hpp"
#include "runtime/log/log_reader.hpp"
#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;
using options = monitor_fixture::options;

TEST_CASE("a container runs to its end and leaves nothing", "[root]") {
  monitor_fixture m;
  auto end = m.run("true", {.args = {"true"}});
  CHECK(end.exit_code == 0);
  CHECK_FALSE(end.status_unknown);
  CHECK(end.finished_at > 0);
}

TEST_CASE("exit codes and signals are told", "[root]") {
  monitor_fixture m;
  CHECK(m.run("seven", {.args = {"sh", "-c", "exit 7"}}).exit_code == 7);
  auto started = m.must<monitor::started>(m.container("sleeper", {.args = {"sleep", "1000"}}));
  CHECK(started.pid > 1);
  CHECK(started.pid_start_time > 0);
  CHECK(m.ask(monitor::signal_process{m.name("sleeper"), "", SIGKILL}));
  CHECK(m.exited().wait("sleeper").exit_code == 128 + SIGKILL);
  auto again = m.ask(monitor::signal_process{m.name("sleeper"), "", SIGKILL});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::not_found);
}

TEST_CASE("the log is complete when the exit is told", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("seq", {.args = {"sh", "-c", "seq 1 50000; echo last >&2; printf tail"}}));
  CHECK(m.exited().wait("seq").exit_code == 0);
  auto text = m.log_text("seq");
  CHECK(text.starts_with("1\n2\n"));
  CHECK_THAT(text, contains("50000\n"));
  CHECK_THAT(text, contains("last\n"));
  CHECK_THAT(text, contains("tail"));
}

TEST_CASE("a log driver of none writes no file", "[root]") {
  monitor_fixture m;
  CHECK(m.run("quiet", {.args = {"echo", "hi"}, .log_driver = "none"}).exit_code == 0);
  CHECK(m.log_text("quiet").empty());
}

TEST_CASE("a pod's log is in the CRI's format, and goes on in a fresh file without losing a line", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container(
      "pod", {.args = {"sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; read x; echo $x"},
              .open_stdin = true,
              .log_driver = "cri"}));
  const auto path = m.dir() + "/logs/pod.log", old = path + ".old";
  CHECK(std::filesystem::exists(path));
  std::filesystem::rename(path, old); // while it writes
  (void)m.must<monitor::done>(monitor::reopen_log{m.name("pod")});
  const auto size = std::filesystem::file_size(old);
  auto stream = m.open_stream({m.name("pod"), "", monitor::open_stream::kind::attach, true, false, false});
  REQUIRE(stream.write("the end\n"));
  CHECK(m.exited().wait("pod").exit_code == 0);
  CHECK(std::filesystem::file_size(old) == size); // nothing came after the answer
  std::string text;
  for (const auto& file : {old, path}) {
    auto reader = log::reader::open(file, {}).value();
    for (auto next = reader.next().value(); next; next = reader.next().value()) text += next->text;
  }
  std::string expected;
  for (int i = 0; i < 3000; ++i) expected += std::to_string(i) + "\n";
  CHECK(text == expected + "the end\n");
  std::ifstream raw(path);
  std::string last, line;
  while (std::getline(raw, line)) last = line;
  CHECK_THAT(last, contains("Z stdout F the end"));
  auto again = m.ask(monitor::reopen_log{m.name("pod")});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::not_found);
}

TEST_CASE("a log turns over into compressed files while it is written, and loses no line", "[root]") {
  monitor_fixture m;
  auto what = m.container("packed", {.args = {"sh", "-c", "i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i+1)); done"}});
  what.log.max_bytes = 20'000;
  what.log.max_files = 1000;
  what.log.compress = true;
  (void)m.must<monitor::started>(what);
  CHECK(m.exited().wait("packed").exit_code == 0);
  std::string expected;
  for (int i = 0; i < 5000; ++i) expected += std::to_string(i) + "\n";
  CHECK(m.log_text("packed") == expected); // whatever is compressed by now
  const auto path = m.dir() + "/logs/packed.log";
  for (int step = 0; std::filesystem::exists(path + ".1") && step < 1000; ++step)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(std::filesystem::exists(path + ".1.gz"));
  CHECK(m.log_text("packed") == expected);
}

TEST_CASE("a log that may lose lines holds nobody up, and those that it has are whole", "[root]") {
  monitor_fixture m;
  auto what = m.container("lossy", {.args = {"sh", "-c", "yes 0123456789 | head -n 300000; printf last"}});
  what.log.buffer = 1000;
  (void)m.must<monitor::started>(what);
  CHECK(m.exited().wait("lossy").exit_code == 0);
  auto text = m.log_text("lossy");
  CHECK(text.size() < 300'000 * 11);
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin))
    if (text.substr(begin, end - begin) != "0123456789") FAIL(text.substr(begin, end - begin));
  CHECK(begin > 0);
}

TEST_CASE("what a runtime that failed left of the container's cgroups goes", "[root]") {
  monitor_fixture m; // whose end looks for them
  const auto folders = cgroup::of_host()->folders_of("/gantry-test/" + m.name("left").ns + "/left");
  const auto fails = m.run_dir() + "/fails"; // as crun 1.8, where it cannot write a limit
  std::string script = "#!/bin/sh\ncase \"$*\" in *' run '*) ;; *) exit 1 ;; esac\n";
  for (const auto& folder : folders) script += "mkdir -p " + folder + "\n";
  REQUIRE(sys::write_file(fails, script + "echo made >&2; exit 1\n", 0755));
  auto failed = m.ask(m.container("left", {.args = {"true"}, .runtime = fails}));
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, contains("made"));
  REQUIRE_FALSE(folders.empty());
  for (const auto& folder : folders) CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("the runtime's own words reach the error", "[root]") {
  monitor_fixture m;
  auto failed = m.ask(m.container("nope", {.args = {"no-such-program"}}));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == errc::unavailable);
  CHECK_THAT(failed.error().message, contains("executable file not found"));
  // Its name is free again.
  CHECK(m.run("nope", {.args = {"true"}}).exit_code == 0);
}

TEST_CASE("a second start of a container is refused, and so is a bundle elsewhere", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("one", {.args = {"sleep", "1000"}}));
  auto second = m.ask(m.container("one", {.args = {"sleep", "1000"}}));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::already_exists);
  auto outside = m.container("two", {.args = {"true"}});
  outside.bundle = m.run_dir() + "/bundles/../exits";
  auto refused = m.ask(outside);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid_argument);
}

TEST_CASE("a hundred containers that end at once are all told", "[root]") {
  monitor_fixture m;
  std::vector<std::future<result<monitor::reply>>> answers;
  for (int i = 0; i < 100; ++i) {
    auto promise = std::make_shared<std::promise<result<monitor::reply>>>();
    answers.push_back(promise->get_future());
    m.client().request(m.container("c" + std::to_string(i), {.args = {"sh", "-c", "exit " + std::to_string(i)}}),
                       [promise](result<monitor::reply> r) { promise->set_value(std::move(r)); });
  }
  for (int i = 0; i < 100; ++i) {
    auto answer = answers[static_cast<std::size_t>(i)].get();
    INFO((answer ? "" : answer.error().message));
    REQUIRE(answer);
    CHECK(m.exited().wait("c" + std::to_string(i)).exit_code == i);
  }
  CHECK(m.must<monitor::container_list>(monitor::list_containers{}).containers.size() == 100);
}

TEST_CASE("a removal kills what runs, is idempotent, and takes what nobody knows for done", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("gone", {.args = {"sleep", "1000"}}));
  CHECK(m.ask(m.removal("gone")));
  CHECK(m.ask(m.removal("gone")));
  CHECK(m.ask(m.removal("never-was")));
  CHECK(m.must<monitor::container_list>(monitor::list_containers{}).containers.empty());
}

TEST_CASE("a paused container is resumed, and removed while paused", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("p", {.args = {"sleep", "1000"}}));
  CHECK(m.ask(monitor::pause_container{m.name("p")}));
  CHECK(m.ask(monitor::resume_container{m.name("p")}));
  CHECK(m.ask(monitor::pause_container{m.name("p")}));
  CHECK(m.ask(m.removal("p")));
}

TEST_CASE("an image of 150 layers mounts", "[root]") {
  monitor_fixture m;
  std::vector<std::string> lower{m.dir() + "/layers/1"};
  for (int i = 2; i <= 150; ++i) {
    lower.push_back(m.dir() + "/layers/" + std::to_string(i));
    std::filesystem::create_directories(lower.back());
  }
  std::ofstream(lower.back() + "/top") << "the top";
  (void)m.must<monitor::started>(m.container("deep", {.args = {"cat", "/top"}, .lower = lower}));
  CHECK(m.exited().wait("deep").exit_code == 0);
  CHECK(m.log_text("deep") == "the top");
}

TEST_CASE("a container without a writable layer cannot write", "[root]") {
  monitor_fixture m;
  CHECK(m.run("ro", {.args = {"sh", "-c", "echo x > /file"}, .read_only = true}).exit_code == 1);
  auto writable = m.container("rw", {.args = {"true"}});
  writable.root.upper = writable.root.work = "";
  auto refused = m.ask(writable);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid_argument);
}

TEST_CASE("an idle container holds at most five descriptors of the monitor, an ended one none", "[root]") {
  monitor_fixture m;
  auto count = [&m] {
    std::filesystem::directory_iterator fds("/proc/" + std::to_string(m.client().pid()) + "/fd");
    return std::distance(begin(fds), end(fds));
  };
  auto settles = [](const auto& holds) {
    for (int step = 0; step < 1000; ++step) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  };
  auto before = count();
  auto what = m.container("idle", {.args = {"sh", "-c", "echo said; exec sleep 1000"}, .open_stdin = true});
  (void)m.must<monitor::started>(what);
  CHECK(settles([&] { return std::filesystem::exists(m.dir() + "/logs/idle.log"); })); // all is open by then
  CHECK(settles([&] { return count() <= before + 5; })); // what starting and ending need is closed a moment later
  CHECK(m.ask(monitor::signal_process{m.name("idle"), "", SIGKILL}));
  (void)m.exited().wait("idle");
  CHECK(settles([&] { return count() <= before; }));
}

TEST_CASE("crun runs a container on a hybrid host too", "[root]") {
  if (::access("/usr/bin/crun", X_OK) != 0) return;
  monitor_fixture m;
  CHECK(m.run("crun", {.args = {"sh", "-c", "exit 3"}, .runtime = "/usr/bin/crun"}).exit_code == 3);
  auto failed = m.ask(m.container("nope", {.args = {"no-such-program"}, .runtime = "/usr/bin/crun"}));
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, contains("no-such-program"));
  (void)m.must<monitor::started>(m.container("live", {.args = {"sleep", "1000"}, .runtime = "/usr/bin/crun"}));
  CHECK(m.ask(m.removal("live", "/usr/bin/crun")));
}

TEST_CASE("the kernel's OOM kill is told", "[root]") {
  if (::access("/sys/fs/cgroup/memory", F_OK) != 0) return;
  monitor_fixture m;
  auto end = m.run("oom", {.args = {"dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"}, .memory = 16 << 20});
  CHECK(end.oom_killed);
  CHECK(end.exit_code == 137);
}

} // namespace
