#include "api/cri/streaming/spdy/encoder.hpp"

#include "api/cri/streaming/spdy/big_endian.hpp"
#include "api/cri/streaming/spdy/wire.hpp"

namespace gantry::cri::spdy {
namespace {

std::string control_frame(wire::control type, unsigned flags, std::string_view payload) {
  std::string out;
  append_u16(out, (wire::control_bit >> 16U) | wire::version);
  append_u16(out, static_cast<std::uint32_t>(type));
  append_u32(out, flags << 24U | static_cast<std::uint32_t>(payload.size()));
  out += payload;
  return out;
}

std::string two_numbers(wire::control type, std::uint32_t first, std::uint32_t second) {
  std::string payload;
  append_u32(payload, first);
  append_u32(payload, second);
  return control_frame(type, 0, payload);
}

unsigned fin_flag(bool fin) { return fin ? wire::flag_fin : 0U; }

/// One overload per frame, for std::visit.
struct writer {
  header_deflater& compressor;

  std::string operator()(const syn_stream& what) {
    std::string payload;
    append_u32(payload, what.id);
    append_u32(payload, what.associated_to);
    append_u16(payload, static_cast<std::uint32_t>(what.priority & 7U) << 13U);
    payload += compressor.compress(what.headers);
    auto flags = fin_flag(what.fin) | (what.unidirectional ? wire::flag_unidirectional : 0U);
    return control_frame(wire::control::syn_stream, flags, payload);
  }
  std::string operator()(const syn_reply& what) {
    return with_headers(wire::control::syn_reply, what.id, what.fin, what.headers);
  }
  std::string operator()(const headers& what) {
    return with_headers(wire::control::headers, what.id, what.fin, what.entries);
  }
  std::string operator()(const rst_stream& what) {
    return two_numbers(wire::control::rst_stream, what.id, static_cast<std::uint32_t>(what.why));
  }
  std::string operator()(const settings& what) {
    std::string payload;
    append_u32(payload, static_cast<std::uint32_t>(what.entries.size()));
    for (const auto& [id, value] : what.entries) {
      append_u32(payload, id & 0xFF'FFFFU);
      append_u32(payload, value);
    }
    return control_frame(wire::control::settings, 0, payload);
  }
  std::string operator()(const ping& what) {
    std::string payload;
    append_u32(payload, what.id);
    return control_frame(wire::control::ping, 0, payload);
  }
  std::string operator()(const goaway& what) {
    return two_numbers(wire::control::goaway, what.last_good, static_cast<std::uint32_t>(what.why));
  }
  std::string operator()(const window_update& what) {
    return two_numbers(wire::control::window_update, what.id, what.delta);
  }
  std::string operator()(const data& what) { return data_head(what.id, what.fin, what.bytes.size()) + what.bytes; }

  std::string with_headers(wire::control type, stream_id id, bool fin, const header_list& entries) {
    std::string payload;
    append_u32(payload, id);
    payload += compressor.compress(entries);
    return control_frame(type, fin_flag(fin), payload);
  }
};

} // namespace

std::string encoder::encode(const frame& what) { return std::visit(writer{headers_}, what); }

std::string data_head(stream_id id, bool fin, std::size_t length) {
  std::string out;
  append_u32(out, id & max_stream_id);
  append_u32(out, fin_flag(fin) << 24U | static_cast<std::uint32_t>(length & max_data_length));
  return out;
}

} // namespace gantry::cri::spdy
