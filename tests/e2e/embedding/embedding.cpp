// A control plane in one file: a program that embeds Gantry (api/engine.hpp) and nothing else of it. Two engines with
// roots of their own live in this process; each pulls an image, runs a container of it and removes it again, and the
// program listens to what happens.
//
//     gantry-embedding-example IMAGE FOLDER CGROUP_PARENT
//
// FOLDER gets both engines' files; CGROUP_PARENT is as in /my-control-plane. Exit status 0 when all went as it should.

#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "api/engine.hpp"

namespace {

using gantry::engine;
using gantry::result;

constexpr auto ours = "example"; // a namespace of our own: no other client sees what is in it

/// Lines from any thread, whole. Events come on an actor's thread, which must not be held up: the lines are short.
class printer {
public:
  explicit printer(std::string who) : who_(std::move(who)) {}
  void say(const std::string& what) const {
    static std::mutex one_at_a_time;
    std::lock_guard lock(one_at_a_time);
    std::printf("%s: %s\n", who_.c_str(), what.c_str());
    std::fflush(stdout);
  }

private:
  std::string who_;
};

result<std::unique_ptr<engine>> start_engine(const std::string& folder, const std::string& cgroup_parent) {
  gantry::engine_options options;
  options.root = folder + "/root";
  options.run_dir = folder + "/run";
  options.cgroup_parent = cgroup_parent;
  options.monitors = 1;
  return engine::start(std::move(options));
}

gantry::container_options what_to_run(const std::string& image) {
  gantry::container_options options;
  options.image = image;
  options.cmd = {"/bin/sh", "-c", "exit 7"};
  options.network_mode = "none";
  return options;
}

/// One container's whole life.
result<void> run_one(engine& on, const std::string& image, const printer& out) {
  GANTRY_LET(auto pulled, on.pull(ours, image));
  out.say("pulled " + pulled.id.str());
  GANTRY_LET(auto made, on.create(ours, "seven", what_to_run(image)));
  GANTRY_TRY(on.start(made.name));
  GANTRY_LET(auto ended, on.wait(made.name));
  out.say("exited with " + std::to_string(ended.exit_code));
  if (ended.exit_code != 7) return gantry::fail(gantry::errc::internal, "its exit code should be 7");
  GANTRY_LET(auto before, on.list(ours));
  GANTRY_TRY(on.remove(made.name));
  GANTRY_LET(auto after, on.list(ours));
  out.say("listed " + std::to_string(before->rows.size()) + ", after removal " + std::to_string(after->rows.size()));
  return {};
}

result<void> run_both(const std::string& image, const std::string& folder, const std::string& cgroup_parent) {
  std::vector<std::unique_ptr<engine>> engines;
  for (const std::string name : {"first", "second"}) {
    GANTRY_LET(auto started, start_engine(folder + "/" + name, cgroup_parent + "-" + name));
    engines.push_back(std::move(started));
    auto tell = [out = printer(name)](const gantry::event_batch& batch) {
      for (const auto& e : batch.events) out.say("event " + e.action);
    };
    GANTRY_TRY(engines.back()->subscribe(ours, tell));
  }
  GANTRY_TRY(run_one(*engines[0], image, printer("first")));
  if (engines[1]->create(ours, "", what_to_run(image))) // engines know nothing of each other
    return gantry::fail(gantry::errc::internal, "the second engine has an image that only the first has pulled");
  return run_one(*engines[1], image, printer("second"));
} // the engines end here; containers that still ran would go on with their monitors

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s IMAGE FOLDER CGROUP_PARENT\n", argv[0]);
    return 2;
  }
  if (auto ran = run_both(argv[1], argv[2], argv[3]); !ran) {
    std::fprintf(stderr, "%s: %s\n", argv[0], ran.error().message.c_str());
    return 1;
  }
  return 0;
}
