#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "runtime/monitor/idle_networks.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace {

using namespace gantry;
using namespace gantry::test;
using nlohmann::json;

sys::unique_fd network_of(int pid) {
  return sys::unique_fd(::open(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
}

/// Runs it on a thread in that network namespace.
void within_network(int network, const std::function<void()>& work) {
  std::thread([&] {
    if (::setns(network, CLONE_NEWNET) == 0) work();
  }).join();
}

sys::unique_fd socket_in(int network) {
  sys::unique_fd made;
  within_network(network, [&] { made.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
  return made;
}

/// Of no two namespaces since boot the same.
std::uint64_t cookie_of(int network) {
  const auto socket = socket_in(network);
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  CHECK(::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0);
  return cookie;
}

/// Containers of a native launcher whose networks may be used again, unless `change` says otherwise.
struct launches {
  monitor_fixture m;
  int count = 0;

  using change = std::function<void(json&)>;
  monitor::start_container container(std::vector<std::string> args, const change& changed = {}) {
    auto what = m.container("n" + std::to_string(++count), {.args = std::move(args), .log_driver = "json-file"});
    what.runtime.native = true;
    what.runtime.path.clear();
    auto config = json::parse(what.config_json);
    config["linux"]["readonlyPaths"] = {"/proc/sys"};
    config["linux"]["seccomp"] = json::parse(
        R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["kexec_load"],"action":"SCMP_ACT_ERRNO"}]})");
    if (changed) changed(config);
    what.config_json = config.dump();
    return what;
  }
  monitor::start_container idle(const change& changed = {}) { return container({"sleep", "1000"}, changed); }

  void remove(const monitor::start_container& what, bool untouched = true) {
    (void)m.must<monitor::done>(monitor::delete_container{what.container, what.runtime, what.bundle, untouched});
  }

  using visit = std::function<void(const monitor::start_container&, int network)>;
  /// Starts it, lets `during` look at its network, removes it; returns the network's cookie.
  std::uint64_t live(const monitor::start_container& what, const visit& during = {}, bool untouched = true) {
    auto network = network_of(m.must<monitor::started>(what).pid);
    const auto cookie = cookie_of(network.get());
    if (during) during(what, network.get());
    network.reset();
    remove(what, untouched);
    return cookie;
  }

  /// Whether a later container gets that network.
  bool comes_back(std::uint64_t cookie) {
    std::set<std::uint64_t> seen;
    // They are judged in the order in which they were given back: one seen twice tells that those before are judged.
    for (bool again = false; !again;) {
      const auto one = live(idle());
      if (one == cookie) return true;
      again = !seen.insert(one).second;
    }
    std::vector<monitor::start_container> all;
    bool found = false;
    for (std::size_t n = 0; n < monitor::idle_networks::limit; ++n) {
      all.push_back(idle());
      found = cookie_of(network_of(m.must<monitor::started>(all.back()).pid).get()) == cookie || found;
    }
    for (const auto& one : all) remove(one, false);
    return found;
  }
  /// One that seemed to have sockets comes later.
  bool comes_back_in_time(std::uint64_t cookie) {
    for (int tries = 0; tries < 50; ++tries)
      if (comes_back(cookie)) return true;
    return false;
  }
};

std::string output_of(launches& l, std::vector<std::string> args) {
  const auto what = l.container(std::move(args));
  (void)l.m.must<monitor::started>(what);
  CHECK(l.m.exited().wait(what.container.id).exit_code == 0);
  auto text = l.m.log_text(what.container.id);
  l.remove(what);
  return text;
}

void give_network_rights(json& config) {
  for (const auto* set : {"bounding", "effective", "permitted"})
    config["process"]["capabilities"][set].push_back("CAP_NET_ADMIN");
}

sys::unique_fd fresh_network() {
  sys::unique_fd made;
  std::thread([&] { made = monitor::make_fresh_network().value(); }).join();
  return made;
}

/// The pool alone, on a loop of its own.
struct pool {
  std::unique_ptr<monitor::event_loop> loop = monitor::event_loop::make().value();
  monitor::worker_thread worker{*loop};
  monitor::idle_networks idle{*loop, worker};
  monitor::event_loop::timer timer;

  /// Gives one back; once it has been looked at, calls `then`.
  void give_back(sys::unique_fd network, std::function<void()> then) {
    idle.give_back({"terms", std::move(network)});
    worker.run([] {}, std::move(then));
  }
  /// Takes one as soon as there is one, and ends the loop.
  void take_in_time(sys::unique_fd& taken) {
    taken = idle.take("terms");
    if (taken) return loop->stop();
    timer = loop->after(std::chrono::milliseconds(10), [&] { take_in_time(taken); });
  }
};

constexpr auto add_address = "ip addr add 10.9.8.7/8 dev lo";

} // namespace

TEST_CASE("networks: that of a container which has gone serves the next", "[root]") {
  launches l;
  CHECK(l.comes_back_in_time(l.live(l.idle())));
}

TEST_CASE("networks: two containers at a time have two", "[root]") {
  launches l;
  (void)l.live(l.idle());
  std::uint64_t second = 0;
  const auto first = l.live(l.idle(), [&](const auto&, int) { second = l.live(l.idle()); });
  CHECK(first != second);
}

TEST_CASE("networks: one used again shows the container what a new one would", "[root]") {
  launches l;
  const std::vector<std::string> look{"sh", "-c",
                                      "ip addr; ip route; cat /proc/net/dev /proc/net/snmp /proc/net/sockstat6"};
  const auto fresh = output_of(l, look);
  CHECK_THAT(fresh, contains("127.0.0.1/8"));
  CHECK(l.comes_back_in_time(l.live(l.idle())));
  for (int turn = 0; turn < 3; ++turn) CHECK(output_of(l, look) == fresh);
}

TEST_CASE("networks: one ends with its container when the engine does not vouch for it", "[root]") {
  launches l;
  CHECK_FALSE(l.comes_back(l.live(l.idle(), {}, false)));
}

TEST_CASE("networks: one that was used ends with its container", "[root]") {
  launches l;
  const auto over_lo = [&](const std::string& address) { // refused: two packets
    const auto script = "busybox nc " + address + " 9; exec sleep 1000";
    return l.live(l.container({"sh", "-c", script}), [&](const auto& what, int) {
      while (l.m.log_text(what.container.id).find("refused") == std::string::npos)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
  };
  CHECK_FALSE(l.comes_back(over_lo("127.0.0.1")));
  CHECK_FALSE(l.comes_back(over_lo("::1")));
}

TEST_CASE("networks: one in which somebody outside has a socket ends with its container", "[root]") {
  launches l;
  sys::unique_fd kept;
  const auto cookie = l.live(l.idle(), [&](const auto&, int network) { kept = socket_in(network); });
  CHECK_FALSE(l.comes_back(cookie));
}

TEST_CASE("networks: one whose last socket is closed a little later serves others then", "[root]") {
  pool p;
  auto made = fresh_network();
  auto kept = socket_in(made.get());
  const auto cookie = cookie_of(made.get());
  sys::unique_fd taken;
  p.give_back(std::move(made), [&] {
    CHECK_FALSE(p.idle.take("terms"));
    kept.reset();
    p.take_in_time(taken);
  });
  REQUIRE(p.loop->run());
  CHECK(cookie_of(taken.get()) == cookie);
}

TEST_CASE("networks: an idle one serves those with its own terms alone", "[root]") {
  pool p;
  p.give_back(fresh_network(), [&] {
    CHECK_FALSE(p.idle.take("others"));
    CHECK(p.idle.take("terms"));
    CHECK_FALSE(p.idle.take("terms"));
    p.loop->stop();
  });
  REQUIRE(p.loop->run());
}

TEST_CASE("networks: one that somebody outside has open ends with its container", "[root]") {
  launches l;
  sys::unique_fd kept;
  const auto cookie = l.live(l.idle(), [&](const auto&, int network) {
    kept.reset(::open(("/proc/self/fd/" + std::to_string(network)).c_str(), O_RDONLY | O_CLOEXEC));
  });
  REQUIRE(kept);
  CHECK_FALSE(l.comes_back(cookie));
}

TEST_CASE("networks: what a container with rights over its network leaves is seen by no other", "[root]") {
  launches l;
  const auto cookie =
      l.live(l.container({"sh", "-c", std::string(add_address) + "; exec sleep 1000"}, give_network_rights));
  CHECK_FALSE(l.comes_back(cookie));
  CHECK(output_of(l, {"ip", "addr"}).find("10.9.8.7") == std::string::npos);
}

TEST_CASE("networks: an exec session with rights over the network ends it with its container", "[root]") {
  launches l;
  const auto rights = GENERATE(false, true);
  const auto what = l.idle();
  const auto cookie = l.live(what, [&](const auto&, int) {
    auto config = json::parse(what.config_json);
    if (rights) give_network_rights(config);
    auto process = config["process"];
    process["args"] = {"true"};
    (void)l.m.must<monitor::started>(monitor::exec_process{what.container, "e", process.dump()});
    CHECK(l.m.exited().wait(what.container.id, "e").exit_code == 0);
  });
  CHECK((rights ? l.comes_back(cookie) : l.comes_back_in_time(cookie)) == !rights);
}

TEST_CASE("networks: what a tool of the host changes in one ends it with its container", "[root]") {
  launches l;
  const auto* const command =
      GENERATE("ip addr add 10.9.8.7/8 dev lo", "ip link set lo down", "ip link add d0 type veth peer name d1",
               "ip rule add from 10.0.0.0/8 table 9", "ip -6 rule add from fd00::/8 table 9",
               "ip route add blackhole 10.0.0.0/8", "ip route add local 10.0.0.1 dev lo table 99",
               "ip -6 route add blackhole fd00::/8");
  CAPTURE(command);
  const auto cookie = l.live(
      l.idle(), [&](const auto&, int network) { within_network(network, [&] { CHECK(std::system(command) == 0); }); });
  CHECK_FALSE(l.comes_back(cookie));
}
