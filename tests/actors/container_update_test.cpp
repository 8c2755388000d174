#include "actors/limits_update.hpp"
#include "tests/actors/container_stage.hpp"

namespace gantry::test {
namespace {

struct update_stage : container_stage {
  explicit update_stage(const preparation& prepare = {}) : container_stage(true, prepare) {}
  answer<updated> update(const resource_limits& limits, std::optional<restart_policy> restart = {}) {
    return on.ask<updated>(container, update_container{limits, restart});
  }
  answer<updated> limit_memory(std::int64_t bytes) {
    resource_limits limits;
    limits.memory = bytes;
    return update(limits);
  }
  std::string cgroup_call() {
    for (const auto& call : play.calls)
      if (call.starts_with("cgroups.update ")) return call;
    return {};
  }
};

} // namespace

TEST_CASE("update: the limits of a container that the engine made are written to its cgroup, and kept") {
  update_stage s;
  (void)s.launch().value();
  CHECK(s.limit_memory(32 << 20).ok());
  CHECK(s.cgroup_call().find(R"("limit":33554432)") != std::string::npos);
  CHECK(s.row().options.resources.memory == 32 << 20);
  CHECK(s.play.in_order(s.cgroup_call(), "metadata.put_container"));
  CHECK(s.actions().back() == "update");
}

TEST_CASE("update: a container that an OCI runtime made is the runtime's to change") {
  update_stage s;
  (void)s.launch().value();
  monitor::run_process asked;
  int code = 0;
  s.play.program = [&](const monitor::run_process& request) {
    asked = request;
    return monitor::process_result{code, "", code == 0 ? "" : R"({"level":"error","msg":"too small"})"};
  };
  auto record = s.row();
  record.state.launcher = "/usr/sbin/runc";
  (void)s.on.ask<done>(s.container,
                       recover_container{record, monitor::container_entry{s.name, 7, 7, false, 0, false, 3, 0}});
  SECTION("and takes it") {
    CHECK(s.limit_memory(32 << 20).ok());
    CHECK(asked.argv.back() == s.name.id);
    CHECK(asked.argv[asked.argv.size() - 4] == "update");
    CHECK(asked.input.find(R"("limit":33554432)") != std::string::npos);
    CHECK(s.row().options.resources.memory == 32 << 20);
  }
  SECTION("or says why not, and nothing has changed") {
    code = 1;
    CHECK(s.limit_memory(32 << 20).why().message == "Cannot update container " + s.name.id + ": too small");
    CHECK(s.row().options.resources.memory == 0);
  }
}

TEST_CASE("update: what the kernel refuses is not kept") {
  update_stage s;
  (void)s.launch().value();
  (void)s.limit_memory(32 << 20);
  s.play.failures[s.cgroup_call()] = {errc::unavailable, "write: Device or resource busy", 0};
  CHECK_FALSE(s.limit_memory(32 << 20).ok());
  CHECK(s.row().options.resources.memory == 32 << 20);
}

TEST_CASE("update: one that does not run has the limits at its next start") {
  update_stage s;
  CHECK(s.limit_memory(32 << 20).ok());
  CHECK(s.cgroup_call().empty());
  (void)s.launch().value();
  CHECK(s.play.started.back().config_json.find(R"("limit":33554432)") != std::string::npos);
}

TEST_CASE("update: one that is starting has them as soon as it runs") {
  update_stage s;
  s.play.held.insert("launcher.start_container");
  auto starting = s.launch();
  auto changed = s.limit_memory(32 << 20);
  CHECK_FALSE(changed.here());
  s.release("launcher.start_container");
  CHECK(starting.ok());
  CHECK(changed.ok());
  CHECK_FALSE(s.cgroup_call().empty());
}

TEST_CASE("update: a restart policy decides at the next exit, and is refused with --rm") {
  update_stage s;
  (void)s.launch().value();
  CHECK(s.update({}, restart_policy{restart_policy::kind::always, 0}).ok());
  s.exit(0);
  CHECK(s.row().state.now == phase::restarting);
  update_stage removed([](cast&, container_options& options) { options.auto_remove = true; });
  CHECK_THAT(removed.update({}, restart_policy{restart_policy::kind::always, 0}).why().message, contains("AutoRemove"));
  CHECK(removed.update({}, restart_policy{}).ok());
}

TEST_CASE("update: changes that contradict what is set are refused in dockerd's words") {
  resource_limits now, change;
  now.memory = 10, now.memory_swap = 20, change.memory = 30;
  CHECK_THAT(with_change(now, change).error().message, contains("already set memoryswap limit"));
  change.memory_swap = 60;
  CHECK(with_change(now, change).value().memory_swap == 60);
  now.nano_cpus = 1, change.cpu_quota = 5;
  CHECK_THAT(with_change(now, change).error().message, contains("CPU Quota cannot be updated as NanoCPUs"));
  now = change = {};
  now.cpu_period = 5, change.nano_cpus = 1;
  CHECK_THAT(with_change(now, change).error().message, contains("Nano CPUs cannot be updated as CPU Period"));
}

TEST_CASE("update: what is not named stays") {
  resource_limits now;
  now.memory = 10, now.pids = 5, now.cpuset_cpus = "0", now.oom_kill_disable = true;
  CHECK(with_change(now, {}).value() == now);
}

} // namespace gantry::test
