#include "tests/catch.hpp"

#include "runtime/stream/stream_frame.hpp"

namespace {

using namespace gantry;

TEST_CASE("a stream frame has docker's header") {
  CHECK(stream::header(monitor::frame::stderr_data, 258) == std::string("\2\0\0\0\0\0\1\2", 8));
}

TEST_CASE("large payloads are split and come back whole") {
  std::string payload(200'000, 'p'), bytes, joined;
  stream::append_frames(bytes, monitor::frame::stdout_data, payload);
  stream::reader reader;
  for (std::size_t at = 0; at < bytes.size(); at += 7777) {
    reader.add(std::string_view(bytes).substr(at, 7777));
    for (auto next = reader.next().value(); next; next = reader.next().value()) {
      CHECK(next->type == monitor::frame::stdout_data);
      joined += next->payload;
    }
  }
  CHECK(joined == payload);
}

TEST_CASE("an empty payload is one frame, as that closes stdin") {
  std::string bytes;
  stream::append_frames(bytes, monitor::frame::stdin_data, "");
  CHECK(bytes.size() == stream::header_bytes);
}

TEST_CASE("an exit code survives its frame") {
  CHECK(stream::exit_code_of(stream::end_payload(137)) == 137);
  CHECK(stream::exit_code_of("") == 255);
}

TEST_CASE("frames that no monitor sends are refused") {
  stream::reader type, length;
  type.add(std::string("\x09\0\0\0\0\0\0\0", 8));
  CHECK(type.next().error().code == errc::corrupt);
  length.add(std::string("\1\0\0\0\xff\0\0\0", 8));
  CHECK(length.next().error().code == errc::corrupt);
}

} // namespace
