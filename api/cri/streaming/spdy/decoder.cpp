#include "api/cri/streaming/spdy/decoder.hpp"

#include <algorithm>

#include "api/cri/streaming/spdy/big_endian.hpp"
#include "api/cri/streaming/spdy/wire.hpp"

namespace gantry::cri::spdy {
namespace {

result<void> expect_length(std::string_view payload, std::size_t wanted, std::uint32_t type) {
  if (payload.size() != wanted)
    return fail(errc::corrupt, "spdy: a control frame of type {} and {} bytes", type, payload.size());
  return {};
}

result<stream_id> stream_at(std::string_view payload, std::size_t at) {
  auto id = u32_at(payload, at) & max_stream_id;
  if (id == 0) return fail(errc::corrupt, "spdy: there is no stream 0");
  return id;
}

result<frame> parse_settings(std::string_view payload) {
  if (payload.size() < 4 || payload.size() != 4 + std::size_t{u32_at(payload, 0)} * 8)
    return fail(errc::corrupt, "spdy: settings of {} bytes", payload.size());
  settings made;
  for (std::size_t at = 4; at < payload.size(); at += 8)
    made.entries.emplace_back(u32_at(payload, at) & 0xFF'FFFFU, u32_at(payload, at + 4));
  return frame(std::move(made));
}

} // namespace

result<std::optional<frame>> decoder::next() {
  for (;;) {
    if (data_left_ > 0) return data_piece();
    auto left = unread();
    if (left.size() < wire::head_bytes) break;
    if ((u32_at(left, 0) & wire::control_bit) != 0) {
      bool skipped = false;
      GANTRY_LET(auto found, control(left, skipped));
      if (found) return found;
      if (!skipped) break;
      continue;
    }
    GANTRY_LET(data_stream_, stream_at(left, 0));
    data_left_ = u32_at(left, 4) & max_data_length;
    data_fin_ = (u32_at(left, 4) >> 24U & wire::flag_fin) != 0;
    read_ += wire::head_bytes;
    if (data_left_ == 0) return std::optional<frame>(data{data_stream_, data_fin_, {}});
  }
  buffer_.erase(0, read_);
  read_ = 0;
  return std::optional<frame>();
}

std::optional<frame> decoder::data_piece() {
  auto piece = unread().substr(0, data_left_);
  if (piece.empty()) {
    buffer_.clear();
    read_ = 0;
    return std::nullopt;
  }
  read_ += piece.size();
  data_left_ -= piece.size();
  return data{data_stream_, data_fin_ && data_left_ == 0, std::string(piece)};
}

result<std::optional<frame>> decoder::control(std::string_view at, bool& skipped) {
  auto version = u32_at(at, 0) >> 16U & 0x7FFFU;
  auto type = u32_at(at, 0) & 0xFFFFU;
  auto flags = static_cast<std::uint8_t>(u32_at(at, 4) >> 24U);
  auto length = std::size_t{u32_at(at, 4) & 0xFF'FFFFU};
  if (version != wire::version) return fail(errc::corrupt, "spdy: a frame of version {}", version);
  if (length > max_control_payload) return fail(errc::corrupt, "spdy: a control frame of {} bytes", length);
  if (at.size() < wire::head_bytes + length) return std::optional<frame>();
  read_ += wire::head_bytes + length;
  if (!wire::is_known(type)) {
    skipped = true;
    return std::optional<frame>();
  }
  GANTRY_LET(auto made, parse(type, flags, at.substr(wire::head_bytes, length)));
  return std::optional(std::move(made));
}

result<frame> decoder::parse(std::uint32_t type, std::uint8_t flags, std::string_view payload) {
  switch (static_cast<wire::control>(type)) {
  case wire::control::syn_stream:
  case wire::control::syn_reply:
  case wire::control::headers:
    return parse_with_headers(type, flags, payload);
  case wire::control::settings:
    return parse_settings(payload);
  case wire::control::ping:
    GANTRY_TRY(expect_length(payload, 4, type));
    return frame(ping{u32_at(payload, 0)});
  default:
    break;
  }
  GANTRY_TRY(expect_length(payload, 8, type));
  auto first = u32_at(payload, 0) & max_stream_id, second = u32_at(payload, 4);
  switch (static_cast<wire::control>(type)) {
  case wire::control::goaway:
    return frame(goaway{first, static_cast<going_reason>(second)});
  case wire::control::window_update:
    return frame(window_update{first, second & max_stream_id});
  default:
    return frame(rst_stream{first, static_cast<reset_reason>(second)});
  }
}

result<frame> decoder::parse_with_headers(std::uint32_t type, std::uint8_t flags, std::string_view payload) {
  auto opens = static_cast<wire::control>(type) == wire::control::syn_stream;
  auto before = opens ? std::size_t{10} : std::size_t{4};
  if (payload.size() < before)
    return fail(errc::corrupt, "spdy: a control frame of type {} and {} bytes", type, payload.size());
  GANTRY_LET(auto id, stream_at(payload, 0));
  GANTRY_LET(auto entries, headers_.expand(payload.substr(before)));
  auto fin = (flags & wire::flag_fin) != 0;
  if (!opens && static_cast<wire::control>(type) == wire::control::syn_reply)
    return frame(syn_reply{id, fin, std::move(entries)});
  if (!opens) return frame(headers{id, fin, std::move(entries)});
  auto priority = static_cast<std::uint8_t>(static_cast<unsigned char>(payload[8]) >> 5U);
  return frame(syn_stream{id, u32_at(payload, 4) & max_stream_id, priority, fin,
                          (flags & wire::flag_unidirectional) != 0, std::move(entries)});
}

} // namespace gantry::cri::spdy
