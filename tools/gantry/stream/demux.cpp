#include "tools/gantry/stream/demux.hpp"

#include <algorithm>

namespace gantry::cli {

namespace {
constexpr std::size_t head_size = 8;
constexpr std::size_t failure_limit = 4096;
constexpr unsigned char to_stderr = 2, system_error = 3;
} // namespace

result<void> demultiplexer::begin_frame() {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head_[i]); };
  type_ = byte(0);
  if (type_ > system_error || byte(1) != 0 || byte(2) != 0 || byte(3) != 0)
    return fail(errc::unavailable,
                "the daemon's stream holds a frame of unknown type {}: is the container one with a terminal?", type_);
  left_ = std::size_t{byte(4)} << 24 | std::size_t{byte(5)} << 16 | std::size_t{byte(6)} << 8 | byte(7);
  head_.clear();
  return {};
}

result<void> demultiplexer::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ == 0) {
      auto take = std::min(head_size - head_.size(), bytes.size());
      head_ += bytes.substr(0, take);
      bytes.remove_prefix(take);
      if (head_.size() == head_size) GANTRY_TRY(begin_frame());
      continue;
    }
    auto payload = bytes.substr(0, left_);
    bytes.remove_prefix(payload.size());
    left_ -= payload.size();
    if (type_ != system_error) {
      to_(type_ == to_stderr ? channel::err : channel::out, payload);
      continue;
    }
    if (failure_.size() < failure_limit) failure_ += payload;
    if (left_ == 0) return fail(errc::internal, "Error from daemon in stream: {}", failure_);
  }
  return {};
}

} // namespace gantry::cli
