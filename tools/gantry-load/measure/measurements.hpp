#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "tools/gantry-load/measure/failure.hpp"
#include "tools/gantry-load/measure/histogram.hpp"

namespace gantry::load {

/// What is timed. The first four count from the intended moment of the unit of work (open loop) or from its first call.
enum class stage : std::uint8_t {
  create,          ///< until the create call's answer
  create_to_start, ///< until the start call's answer: its process runs; exec: until the output's head
  create_to_exit,  ///< until the exit was seen
  whole,           ///< until all of the unit is done
  start,           ///< the start call
  exit,            ///< from start's answer until the exit was seen; 0 when it was seen first
  status,          ///< exec: the call that asks for the exit status
  remove,          ///< the remove call; hold: kill and remove
};
inline constexpr std::size_t stage_count = 8;

/// In the order of the table.
inline constexpr std::array<stage, stage_count> stages_in_order{
    stage::create,         stage::start,  stage::create_to_start, stage::exit,
    stage::create_to_exit, stage::status, stage::remove,          stage::whole};

std::string_view name_of(stage which);

/// How a unit of work ended.
enum class ending : std::uint8_t { done, refused, failed };

/// All that a run counts. For one thread.
struct measurements {
  std::array<histogram, stage_count> stages;
  histogram refusals; ///< from a call to its 429
  std::uint64_t begun = 0, done = 0, failed = 0, refused = 0;
  std::uint64_t shed = 0; ///< arrivals over --max-in-flight: never sent
  std::uint64_t in_flight = 0, peak_in_flight = 0;
  std::map<std::string, std::uint64_t> failures; ///< by kind
  std::map<int, std::uint64_t> answers;          ///< those that were no success, by HTTP status; refusals too

  [[nodiscard]] histogram& of(stage which) { return stages[static_cast<std::size_t>(which)]; }
  [[nodiscard]] const histogram& of(stage which) const { return stages[static_cast<std::size_t>(which)]; }
};

} // namespace gantry::load
