#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/log/json_line.hpp"

namespace gantry::monitor {

/// What a log takes that must not hold its container up (Docker Engine, "Configure logging drivers", mode
/// non-blocking): whole lines while they fit, and those that do not are lost whole. One that is longer than an entry of
/// a log goes in pieces, each of which may be lost. Not thread-safe.
class lossy_lines {
public:
  /// `most`: bytes that may wait for the disk; as in dockerd, a line is taken in any case when none waits.
  explicit lossy_lines(std::size_t most) : most_(most) {}

  /// What is to be written of the output that came, while `waiting` bytes are yet to be written. The beginning of a
  /// line is kept for its end, 16 KiB at most.
  std::string take(log::output from, std::string_view bytes, std::size_t waiting);

  /// The end of the output: what came after the last newline.
  std::string rest(log::output from, std::size_t waiting);

private:
  [[nodiscard]] std::size_t fitting(std::string_view lines, std::size_t waiting) const;
  std::string& begun(log::output from) { return begun_[from == log::output::out ? 0 : 1]; }

  std::size_t most_;
  std::array<std::string, 2> begun_; ///< a line of each stream whose newline has not come
};

} // namespace gantry::monitor
