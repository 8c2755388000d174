// A node's worth of pods over the CRI, of any engine: made side by side, listed and polled as a kubelet does, stopped
// and removed. Says what it took as one JSON object; exit status 1 when a call failed.
//
//     gantry-cri-load SOCKET IMAGE [--pods 110] [--containers 2] [--in-flight 8] [--network pod|node] [--poll SECONDS]
//                     [--check yes]        each start and stop must be seen by who has its answer
//                     [--engine TEXT]      processes whose command line has TEXT are the engine's: their CPU is
//                     measured
#include <sys/types.h>
#include <unistd.h>

#include <cstring>
#include <iostream>

#include "tests/e2e/cri/node.hpp"
#include "tests/e2e/cri/processes.hpp"

namespace {

using namespace gantry::test;

struct options {
  std::string socket, image, engine;
  node_options node;
  int pods = 110, in_flight = 8, poll = 10;
};

options parse(int count, char** arguments) {
  options made;
  made.socket = arguments[1];
  made.image = arguments[2];
  for (int i = 3; i + 1 < count; i += 2) {
    const std::string name = arguments[i], value = arguments[i + 1];
    if (name == "--pods")
      made.pods = std::stoi(value);
    else if (name == "--containers")
      made.node.containers = std::stoi(value);
    else if (name == "--in-flight")
      made.in_flight = std::stoi(value);
    else if (name == "--network")
      made.node.own_network = value == "pod";
    else if (name == "--check")
      made.node.check = value == "yes";
    else if (name == "--poll")
      made.poll = std::stoi(value);
    else if (name == "--engine")
      made.engine = value;
    else
      throw std::runtime_error("unknown option " + name);
  }
  if (count % 2 == 0) throw std::runtime_error("an option has no value");
  return made;
}

void say(const char* name, const spent& took, int count) {
  std::cout << fmt::format(R"("{}": {{"seconds": {:.3f}, "per_second": {:.1f}, "p50_ms": {:.1f}, "p99_ms": {:.1f}}}, )",
                           name, took.seconds, count / took.seconds, took.percentile(50), took.percentile(99));
}

/// Each second for `seconds`; `statuses`: also of every container.
void poll(node& on, const options& asked, bool statuses) {
  using clock = std::chrono::steady_clock;
  auto engine = processes_with(asked.engine);
  auto cpu = cpu_of(engine);
  auto began = clock::now();
  spent rounds;
  for (int i = 0; i < asked.poll; ++i) {
    rounds.add([&] { on.poll(statuses); });
    std::this_thread::sleep_until(began + std::chrono::seconds(i + 1));
  }
  auto wall = std::chrono::duration<double>(clock::now() - began).count();
  std::cout << fmt::format(R"("poll_{}": {{"p50_ms": {:.1f}, "p99_ms": {:.1f}, "engine_cpu_percent": {:.2f}}}, )",
                           statuses ? "statuses" : "lists", rounds.percentile(50), rounds.percentile(99),
                           100 * (cpu_of(engine) - cpu) / wall);
}

void measure(const options& asked) {
  node on(asked.socket, asked.image, asked.node);
  std::cout << "{";
  say("start", in_parallel(asked.pods, asked.in_flight, [&](int n) { on.start(n); }), asked.pods);
  auto there = on.count();
  spent lists;
  for (int i = 0; i < 20; ++i) lists.add([&] { on.poll(false); });
  std::cout << fmt::format(R"("ready": {}, "running": {}, "list_ms": {:.1f}, "engine_processes": {}, )", there.ready,
                           there.running, lists.percentile(50), processes_with(asked.engine).size());
  if (asked.poll > 0) {
    poll(on, asked, false);
    poll(on, asked, true);
  }
  say("stop", in_parallel(asked.pods, asked.in_flight, [&](int n) { on.stop(n); }), asked.pods);
  say("remove", in_parallel(asked.pods, asked.in_flight, [&](int n) { on.remove(n); }), asked.pods);
  auto left = on.count();
  std::cout << fmt::format(R"("left": {}}})", left.pods + left.containers) << std::endl;
}

} // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "usage: gantry-cri-load SOCKET IMAGE [OPTION VALUE]...\n";
    return 2;
  }
  try {
    measure(parse(count, arguments));
  } catch (const std::exception& e) {
    std::cerr << "gantry-cri-load: " << e.what() << '\n';
    return 1;
  }
  return 0;
}
