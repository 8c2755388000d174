#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gantry::load {

enum class scenario : std::uint8_t { churn, hold, exec };

/// What the command line asks for.
struct settings {
  scenario what = scenario::churn;
  std::string socket; ///< a path
  std::string image;
  std::string run_id;                ///< empty: a random one
  std::vector<std::string> cmd;      ///< of the containers; exec: of the execs
  std::vector<std::string> idle_cmd; ///< exec: of the containers

  // the loop
  std::uint64_t count = 0;         ///< units of work; 0: no bound
  double seconds = 0;              ///< how long units begin; 0: no bound. hold: how long they are held
  unsigned in_flight = 16;         ///< closed loop
  double rate = 0;                 ///< open loop: arrivals a second; 0: closed
  std::uint64_t seed = 1;          ///< of the arrivals
  std::uint64_t max_in_flight = 0; ///< open loop
  unsigned containers = 1;         ///< exec: that run
  bool retry_429 = false;
  std::chrono::milliseconds timeout{120'000}; ///< of each request, the wait for an exit included
  int expect_exit = 0;                        ///< the exit status that is success
  std::string wait;                           ///< "next-exit" before start, or "not-running" after it

  // HostConfig
  std::string network, runtime; ///< empty: the engine's default
  std::int64_t memory = 0, pids_limit = 0;
  bool read_only = false;

  // the engine's processes
  std::vector<std::string> watch; ///< names; empty: those known
  bool watch_any = true;

  std::vector<std::string> settle; ///< folders that a run has ended for when they are as empty as before it

  // results
  std::string json, csv; ///< files; "-": standard output

  [[nodiscard]] bool open_loop() const { return rate > 0; }
};

} // namespace gantry::load
