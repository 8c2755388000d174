#include "runtime/stream/stream_frame.hpp"

#include <algorithm>

namespace gantry::stream {
namespace {

void append_big_endian(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xFFU));
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (char c : bytes.substr(0, 4)) value = (value << 8U) | static_cast<unsigned char>(c);
  return value;
}

} // namespace

std::string header(monitor::frame type, std::size_t length) {
  std::string out{static_cast<char>(type), 0, 0, 0};
  append_big_endian(out, static_cast<std::uint32_t>(length));
  return out;
}

void append_frames(std::string& out, monitor::frame type, std::string_view payload) {
  do {
    auto part = payload.substr(0, monitor::max_stream_frame);
    out += header(type, part.size());
    out += part;
    payload.remove_prefix(part.size());
  } while (!payload.empty());
}

std::string end_payload(int exit_code) {
  std::string out;
  append_big_endian(out, static_cast<std::uint32_t>(exit_code));
  return out;
}

int exit_code_of(std::string_view end_payload) {
  return end_payload.size() < 4 ? 255 : static_cast<int>(big_endian(end_payload));
}

result<std::optional<frame>> reader::next() {
  auto left = std::string_view(buffer_).substr(read_);
  if (left.size() >= header_bytes) {
    auto type = static_cast<unsigned char>(left[0]);
    auto length = big_endian(left.substr(4));
    if (type > static_cast<unsigned char>(monitor::frame::end) || length > monitor::max_stream_frame)
      return fail(errc::corrupt, "stream: a frame of type {} and {} bytes is not of this protocol", type, length);
    if (left.size() >= header_bytes + length) {
      read_ += header_bytes + length;
      return std::optional(frame{static_cast<monitor::frame>(type), std::string(left.substr(header_bytes, length))});
    }
  }
  buffer_.erase(0, read_);
  read_ = 0;
  return std::optional<frame>();
}

} // namespace gantry::stream
