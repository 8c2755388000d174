#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// Frames of SPDY/3.1 as values (SPDY Protocol, Draft 3.1, section 2.6; CREDENTIAL is never used). What each carries
/// and what a server does with it is said in session.hpp.
namespace gantry::cri::spdy {

using stream_id = std::uint32_t; ///< 31 bits; a client's are odd, and rise

/// Name, value; names in lower case, each once; several values of a name are separated by NUL.
using header_list = std::vector<std::pair<std::string, std::string>>;

/// What hostile bytes are held to. Data has no limit of its own: it is passed on in pieces, as it comes.
inline constexpr std::size_t max_control_payload = 64u << 10;
inline constexpr std::size_t max_header_bytes = 64u << 10; ///< of a header block, expanded
inline constexpr std::size_t max_headers = 128;
inline constexpr std::size_t max_data_length = (1u << 24) - 1; ///< the field has 24 bits
inline constexpr stream_id max_stream_id = 0x7FFF'FFFF;

enum class reset_reason : std::uint32_t {
  protocol_error = 1,
  invalid_stream = 2,
  refused_stream = 3,
  unsupported_version = 4,
  cancel = 5,
  internal_error = 6,
  flow_control_error = 7,
  stream_in_use = 8,
  stream_already_closed = 9,
  frame_too_large = 11,
};

enum class going_reason : std::uint32_t { ok = 0, protocol_error = 1, internal_error = 2 };

struct syn_stream {
  stream_id id = 0;
  stream_id associated_to = 0;
  std::uint8_t priority = 0; ///< 0 to 7; 0 is the highest
  bool fin = false;          ///< its sender sends nothing more on the stream
  bool unidirectional = false;
  header_list headers;
};
struct syn_reply {
  stream_id id = 0;
  bool fin = false;
  header_list headers;
};
struct headers {
  stream_id id = 0;
  bool fin = false;
  header_list entries;
};
struct rst_stream {
  stream_id id = 0;
  reset_reason why = reset_reason::cancel;
};
struct settings {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> entries; ///< id (24 bits), value
};
struct ping {
  std::uint32_t id = 0; ///< odd: the client asks
};
struct goaway {
  stream_id last_good = 0;
  going_reason why = going_reason::ok;
};
struct window_update {
  stream_id id = 0;
  std::uint32_t delta = 0;
};
/// As decoded, a piece of a DATA frame, whose last one alone has its `fin`.
struct data {
  stream_id id = 0;
  bool fin = false;
  std::string bytes;
};

using frame = std::variant<syn_stream, syn_reply, headers, rst_stream, settings, ping, goaway, window_update, data>;

} // namespace gantry::cri::spdy
