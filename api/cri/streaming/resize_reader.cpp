#include "api/cri/streaming/resize_reader.hpp"

#include "messages/domain/json_fields.hpp"

namespace gantry::cri {
namespace {

constexpr std::size_t longest_object = 1024;

std::optional<terminal_size> parse(std::string_view json) {
  simdjson::dom::parser parser;
  auto object = parse_object(parser, json);
  if (!object) return std::nullopt;
  json_fields fields(*object);
  std::uint64_t width = 0, height = 0;
  fields.read("Width", width, UINT16_MAX);
  fields.read("Height", height, UINT16_MAX);
  if (!fields.status() || width == 0 || height == 0) return std::nullopt;
  return terminal_size{static_cast<std::uint16_t>(height), static_cast<std::uint16_t>(width)};
}

} // namespace

result<std::optional<terminal_size>> resize_reader::next() {
  // A size holds neither another object nor a string, so the first brace that closes is its end.
  for (auto end = buffer_.find('}'); end != std::string::npos; end = buffer_.find('}')) {
    auto found = parse(std::string_view(buffer_).substr(0, end + 1));
    buffer_.erase(0, end + 1);
    if (found) return found;
  }
  if (buffer_.size() > longest_object) return fail(errc::corrupt, "the resize stream is not one of terminal sizes");
  return std::optional<terminal_size>();
}

} // namespace gantry::cri
