#include "actors/files.hpp"
#include "tests/actors/container_stage.hpp"

namespace gantry::test {
namespace {

/// Somebody who has the container's files until it is ended.
struct borrower {
  container_stage& s;
  caf::actor self = s.on.spawn([](caf::event_based_actor* a) -> caf::behavior { return {[a](int) { a->quit(); }}; });
  answer<borrowed_rootfs> asked = s.on.ask<borrowed_rootfs>(s.container, borrow_rootfs{self.address()});

  explicit borrower(container_stage& at) : s(at) {}
  void end() { s.on.say(self, 1); }
};

} // namespace

TEST_CASE("files: those of a container that runs are lent to many at once, as its init has them") {
  container_stage s;
  s.launch();
  borrower one(s), two(s);
  CHECK(one.asked.value().container->state.pid == s.row().state.pid);
  CHECK(two.asked.ok());
}

TEST_CASE("files: the layers of one that does not run are lent to one at a time, in order") {
  container_stage s;
  borrower one(s), two(s), three(s);
  CHECK(one.asked.value().container->state.pid == 0);
  CHECK_FALSE(one.asked.value().layers.upper.empty());
  CHECK_FALSE(two.asked.here());
  one.end();
  CHECK(two.asked.ok());
  CHECK_FALSE(three.asked.here());
  two.end();
  CHECK(three.asked.ok());
}

TEST_CASE("files: a start waits for who has them, and goes before those that came after it") {
  container_stage s;
  borrower one(s);
  auto started = s.launch();
  borrower late(s);
  CHECK_FALSE(started.here());
  CHECK_FALSE(s.play.asked("launcher.start_container"));
  one.end();
  CHECK(started.ok());
  CHECK(late.asked.value().container->state.pid != 0);
}

TEST_CASE("files: a start does not wait for ever, and the next one can") {
  container_stage s;
  borrower one(s);
  auto started = s.launch();
  s.on.advance(std::chrono::seconds(61));
  CHECK(started.why().code == errc::failed_precondition);
  CHECK(s.row().state.now == phase::created);
  one.end();
  CHECK_FALSE(s.play.asked("launcher.start_container"));
  CHECK(s.launch().ok());
}

TEST_CASE("files: a start waits too for who has had them since the last life") {
  container_stage s;
  s.launch();
  borrower one(s);
  s.exit(0);
  auto again = s.launch();
  CHECK_FALSE(again.here());
  one.end();
  CHECK(again.ok());
}

TEST_CASE("files: nothing is lent while the last life's mount may still be there") {
  container_stage s;
  s.launch();
  s.play.held.insert("launcher.delete_container");
  s.exit(0);
  borrower one(s);
  CHECK_FALSE(one.asked.here());
  s.release("launcher.delete_container");
  CHECK(one.asked.value().container->state.pid == 0);
}

TEST_CASE("files: a removal waits for nobody, and who waits hears of it") {
  container_stage s;
  borrower one(s), two(s);
  CHECK(s.remove().ok());
  CHECK(two.asked.why().code == errc::failed_precondition);
}

TEST_CASE("files: a writable layer in memory is there as long as its container runs") {
  container_stage s(true, [](cast&, container_options& options) { options.writable_memory = 1 << 20; });
  CHECK(borrower(s).asked.why().message.find("in memory") != std::string::npos);
  s.launch();
  CHECK(borrower(s).asked.ok());
}

TEST_CASE("files: the number of those who have them or wait is bounded") {
  container_stage s;
  std::vector<std::unique_ptr<borrower>> many;
  for (std::size_t i = 0; i <= max_borrowers; ++i) many.push_back(std::make_unique<borrower>(s));
  CHECK(many.back()->asked.why().code == errc::exhausted);
  CHECK_FALSE(many[max_borrowers - 1]->asked.here());
}

TEST_CASE("files: over the number of workers a request is refused at once, and one that has ended makes room") {
  stage on;
  std::vector<files_actor> workers;
  auto idle = [](files_actor::pointer self) -> files_actor::behavior_type {
    auto later = [self](auto) { return self->make_response_promise<file_info>(); };
    return {[later](const look_at_file&) -> caf::result<file_info> { return later(0); },
            [later](const read_files&) -> caf::result<file_info> { return later(0); },
            [](const export_files&) { return done{}; }, [](const write_files&) { return done{}; }};
  };
  auto all = on.spawn(files, [&] { return workers.emplace_back(on.spawn(idle)); });
  std::vector<answer<file_info>> asked;
  for (std::size_t i = 0; i <= max_files_workers; ++i) asked.push_back(on.ask<file_info>(all, look_at_file{{}, "/"}));
  CHECK(asked.back().why().code == errc::exhausted);
  on.crash(workers.front());
  CHECK_FALSE(on.ask<file_info>(all, look_at_file{{}, "/"}).here());
}

} // namespace gantry::test
