#include "tools/gantry-load/http/response_reader.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace gantry::load {

namespace {

constexpr std::size_t most_head_bytes = 64u << 10;
constexpr std::size_t largest_chunk = std::size_t{1} << 40;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  auto begin = text.find_first_not_of(space);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// Whether a comma-separated list has the word, whatever its case.
bool lists(std::string_view value, std::string_view word) {
  for (;;) {
    auto comma = value.find(',');
    if (same(trimmed(value.substr(0, comma)), word)) return true;
    if (comma == value.npos) return false;
    value.remove_prefix(comma + 1);
  }
}

/// The number at the text's beginning, and that nothing but `ends` follows it.
std::optional<std::size_t> number(std::string_view text, int base, std::string_view ends = {}) {
  std::size_t value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failed != std::errc() || end == text.data()) return std::nullopt;
  auto rest = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!rest.empty() && ends.find(rest.front()) == ends.npos) return std::nullopt;
  return value;
}

} // namespace

result<std::size_t> response_reader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != state::done) {
    auto left = bytes.substr(used);
    bool lines = state_ != state::length_body && state_ != state::chunk_data && state_ != state::until_close;
    auto taken = lines ? take_line(left) : take_body(left);
    if (!taken) return taken;
    used += *taken;
  }
  return used;
}

result<std::size_t> response_reader::take_line(std::string_view bytes) {
  auto end = bytes.find('\n');
  auto taken = end == bytes.npos ? bytes.size() : end + 1;
  head_bytes_ += taken;
  if (head_bytes_ > most_head_bytes) return fail(errc::exhausted, "the head is larger than {} bytes", most_head_bytes);
  line_ += bytes.substr(0, end);
  if (end == bytes.npos) return taken;
  if (line_.ends_with('\r')) line_.pop_back();
  GANTRY_TRY(line_ended());
  line_.clear();
  return taken;
}

result<void> response_reader::line_ended() {
  switch (state_) {
  case state::status_line:
    return read_status_line();
  case state::header:
    if (!line_.empty()) return read_header();
    head_ended();
    return {};
  case state::chunk_size:
    return read_chunk_size();
  case state::chunk_end:
    if (!line_.empty()) return fail(errc::corrupt, "a chunk is longer than its size says");
    state_ = state::chunk_size;
    return {};
  default: // a trailer: an empty line is the end
    if (line_.empty()) state_ = state::done;
    return {};
  }
}

result<void> response_reader::read_status_line() {
  std::string_view line = line_;
  auto status =
      line.starts_with("HTTP/1.") && line.size() >= 12 && line[8] == ' ' ? number(line.substr(9, 3), 10) : std::nullopt;
  if (!status || *status < 100 || *status > 999) return fail(errc::corrupt, "this is no HTTP/1.1 response");
  answer_.status = static_cast<int>(*status);
  keep_alive_ = line[7] != '0';
  state_ = state::header;
  return {};
}

result<void> response_reader::read_header() {
  std::string_view line = line_;
  auto colon = line.find(':');
  if (colon == line.npos) return fail(errc::corrupt, "a header line has no colon");
  auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (same(name, "content-length")) {
    length_ = number(value, 10);
    if (!length_) return fail(errc::corrupt, "Content-Length is no number");
  } else if (same(name, "transfer-encoding")) {
    chunked_ = lists(value, "chunked");
  } else if (same(name, "connection")) {
    keep_alive_ = keep_alive_ && !lists(value, "close");
  } else if (same(name, "retry-after")) {
    // A date is allowed too (RFC 9110, 10.2.3), but no engine sends one.
    if (auto seconds = number(value, 10))
      answer_.retry_after = std::chrono::seconds(std::min<std::size_t>(*seconds, 3600));
  }
  return {};
}

void response_reader::head_ended() {
  auto status = answer_.status;
  if (status < 200 && status != 101) {
    answer_ = {};
    length_.reset();
    state_ = state::status_line;
  } else if (status == 204 || status == 304) {
    state_ = state::done;
  } else if (chunked_ && status != 101) {
    state_ = state::chunk_size;
    head_bytes_ = 0; // from here on it bounds the lines around each chunk
  } else if (length_ && status != 101) {
    left_ = *length_;
    state_ = left_ == 0 ? state::done : state::length_body;
  } else {
    keep_alive_ = false;
    state_ = state::until_close;
  }
}

result<void> response_reader::read_chunk_size() {
  auto size = number(line_, 16, ";");
  if (!size || *size > largest_chunk) return fail(errc::corrupt, "a chunk's size is no hexadecimal number");
  left_ = *size;
  state_ = left_ == 0 ? state::trailer : state::chunk_data;
  head_bytes_ = 0;
  return {};
}

result<std::size_t> response_reader::take_body(std::string_view bytes) {
  bool bounded = state_ != state::until_close;
  auto taken = bounded ? std::min(left_, bytes.size()) : bytes.size();
  if (what_ == body::kept || answer_.status >= 400) {
    if (answer_.body.size() + taken > limit_) return fail(errc::exhausted, "the body is larger than {} bytes", limit_);
    answer_.body += bytes.substr(0, taken);
  }
  if (!bounded) return taken;
  left_ -= taken;
  if (left_ == 0) state_ = state_ == state::chunk_data ? state::chunk_end : state::done;
  return taken;
}

result<void> response_reader::end_of_stream() {
  if (state_ == state::until_close) state_ = state::done;
  if (state_ == state::done) return {};
  return fail(errc::unavailable, "the engine closed the connection {}",
              head_read() ? "in the middle of its answer" : "before its answer");
}

} // namespace gantry::load
