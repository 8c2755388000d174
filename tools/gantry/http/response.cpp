#include "tools/gantry/http/state.hpp"

namespace gantry::cli::http {

response::response(std::unique_ptr<state> s) : state_(std::move(s)) {}
response::response(response&&) noexcept = default;
response& response::operator=(response&&) noexcept = default;
response::~response() = default;

unsigned response::status() const { return state_->parser ? state_->parser->get().result_int() : 0; }

std::string response::header(const std::string& name) const {
  auto value = state_->parser->get()[name];
  return {value.data(), value.size()};
}

int response::descriptor() const { return state_->socket.native_handle(); }

result<std::string> response::read_some() {
  auto& parser = *state_->parser;
  std::string bytes(32 << 10, '\0');
  while (!parser.is_done()) {
    parser.get().body().data = bytes.data();
    parser.get().body().size = bytes.size();
    boost::system::error_code failure;
    beast::http::read_some(state_->socket, state_->buffer, parser, failure);
    if (failure == beast::http::error::need_buffer) failure = {};
    if (failure) return fail(errc::unavailable, "the daemon ended its answer early: {}", failure.message());
    if (auto got = bytes.size() - parser.get().body().size; got > 0) {
      bytes.resize(got);
      return bytes;
    }
  }
  return std::string();
}

result<std::string> response::read_all(std::size_t limit) {
  std::string whole;
  for (;;) {
    GANTRY_LET(auto part, read_some());
    if (part.empty()) return whole;
    whole += part;
    if (whole.size() > limit)
      return fail(errc::exhausted, "the daemon's answer is larger than the limit of {} bytes", limit);
  }
}

raw_stream response::detach() && {
  raw_stream raw;
  // A daemon that upgrades says by the media type whether frames have headers (Engine API, "Attach", "Stream format").
  raw.multiplexed = header("Content-Type") != "application/vnd.docker.raw-stream";
  auto rest = state_->buffer.data();
  raw.received.assign(static_cast<const char*>(rest.data()), rest.size());
  boost::system::error_code ignored;
  state_->socket.non_blocking(false, ignored);
  raw.socket.reset(state_->socket.release(ignored));
  return raw;
}

} // namespace gantry::cli::http
