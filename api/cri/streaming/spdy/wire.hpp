#pragma once

#include <cstddef>
#include <cstdint>

/// The numbers of SPDY/3.1 on the wire (SPDY Protocol, Draft 3.1, section 2.2).
namespace gantry::cri::spdy::wire {

inline constexpr std::size_t head_bytes = 8; ///< of every frame
inline constexpr std::uint32_t control_bit = 0x8000'0000;
inline constexpr std::uint32_t version = 3;

inline constexpr std::uint8_t flag_fin = 1;
inline constexpr std::uint8_t flag_unidirectional = 2; ///< of SYN_STREAM

enum class control : std::uint16_t {
  syn_stream = 1,
  syn_reply = 2,
  rst_stream = 3,
  settings = 4,
  ping = 6,
  goaway = 7,
  headers = 8,
  window_update = 9,
};

constexpr bool is_known(std::uint32_t type) { return type >= 1 && type <= 9 && type != 5; }

} // namespace gantry::cri::spdy::wire
