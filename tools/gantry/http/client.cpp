#include "tools/gantry/http/client.hpp"

#include <poll.h>

#include "tools/gantry/http/state.hpp"

namespace gantry::cli::http {

namespace {

using boost::system::error_code;

errc code_of(unsigned status) {
  switch (status) {
  case 400:
    return errc::invalid_argument;
  case 401:
  case 403:
    return errc::denied;
  case 404:
    return errc::not_found;
  case 409:
    return errc::failed_precondition;
  case 408:
  case 504:
    return errc::timeout;
  case 429:
    return errc::exhausted;
  case 502:
  case 503:
    return errc::unavailable;
  default:
    return errc::internal;
  }
}

/// The daemon's own words (Engine API, "Errors": {"message": …}), or the body when it is something else.
tl::unexpected<error> refusal(response& answer) {
  auto body = answer.read_all(1 << 20).value_or("");
  auto document = json::parse(body, nullptr, false);
  auto message = document.is_discarded() ? body.substr(0, 500) : text(document, "message");
  if (message.empty()) message = fmt::format("the daemon answered with status {}", answer.status());
  return fail(code_of(answer.status()), "Error response from daemon: {}", message);
}

beast::http::request<beast::http::string_body> message_of(const request& what) {
  beast::http::request<beast::http::string_body> message;
  message.version(11);
  message.method_string(what.method);
  message.target(what.versioned ? fmt::format("/v{}{}", api_version, what.target) : what.target);
  message.set(beast::http::field::host, "gantry");
  message.set(beast::http::field::user_agent, "gantry/" GANTRY_VERSION);
  for (const auto& [name, value] : what.headers) message.set(name, value);
  if (what.upgrade) {
    message.set(beast::http::field::connection, "Upgrade");
    message.set(beast::http::field::upgrade, "tcp");
  }
  if (!what.body.empty()) message.set(beast::http::field::content_type, "application/json");
  message.body() = what.body;
  message.prepare_payload();
  return message;
}

tl::unexpected<error> broken(const error_code& failure) {
  auto told = failure == beast::http::error::end_of_stream ? "it closed the connection" : failure.message();
  auto result = fail(errc::unavailable, "the daemon did not answer: {}", told);
  result.value().os_errno = failure.category() == boost::system::system_category() ? failure.value() : 0;
  return result;
}

/// A daemon that ends as idle resets the connections that it had not yet accepted: their requests were not read, so
/// that sending them again, to the next daemon, repeats nothing. Once it has read a request, its death reads as an end.
bool never_read(const error& failure) { return failure.os_errno == ECONNRESET || failure.os_errno == EPIPE; }

result<response> connected(const connector& connect) {
  GANTRY_LET(auto fd, connect());
  auto state = std::make_unique<response::state>();
  error_code failure;
  state->socket.assign(asio::local::stream_protocol(), fd.release(), failure);
  if (failure) return broken(failure);
  return response(std::move(state));
}

result<void> read_head(response::state& state, bool has_body = true) {
  state.parser.emplace();
  state.parser->skip(!has_body);
  state.parser->header_limit(64 << 10);
  state.parser->body_limit(boost::none);
  error_code failure;
  beast::http::read_header(state.socket, state.buffer, *state.parser, failure);
  if (failure) return broken(failure);
  return {};
}

} // namespace

result<response> client::send(const request& what) {
  GANTRY_LET(auto answer, connected(connect_));
  auto message = message_of(what);
  error_code failure;
  beast::http::write(answer.inner().socket, message, failure);
  if (failure) return broken(failure);
  return answer;
}

result<response> client::upload(const request& what, const std::function<result<void>(const body_writer&)>& produce) {
  GANTRY_LET(auto answer, connected(connect_));
  auto& socket = answer.inner().socket;
  auto message = message_of(what);
  message.erase(beast::http::field::content_length);
  message.chunked(true);
  error_code failure;
  beast::http::request_serializer<beast::http::string_body> head(message);
  beast::http::write_header(socket, head, failure);
  if (failure) return broken(failure);
  auto write = [&](std::string_view bytes) -> result<void> {
    pollfd early{socket.native_handle(), POLLIN, 0};
    if (::poll(&early, 1, 0) > 0) return fail(errc::cancelled, "the daemon wants no more of it");
    if (bytes.empty()) return {}; // an empty chunk would end the body
    asio::write(socket, beast::http::make_chunk(asio::buffer(bytes)), failure);
    if (failure) return broken(failure);
    return {};
  };
  auto produced = produce(write);
  if (produced) asio::write(socket, beast::http::make_chunk_last(), failure);
  // What the daemon says is more than that it hung up; what went wrong here is more than its silence.
  if (!produced && produced.error().code != errc::cancelled && produced.error().code != errc::unavailable)
    return tl::unexpected<error>(std::move(produced.error()));
  GANTRY_TRY(read_head(answer.inner()));
  if (answer.status() >= 400) return refusal(answer);
  if (!produced) return tl::unexpected<error>(std::move(produced.error()));
  return answer;
}

result<bool> client::await(response& answer, std::chrono::milliseconds patience) {
  pollfd readable{answer.descriptor(), POLLIN, 0};
  if (::poll(&readable, 1, static_cast<int>(patience.count())) <= 0) return false;
  GANTRY_TRY(read_head(answer.inner()));
  if (answer.status() >= 400) return refusal(answer);
  return true;
}

result<response> client::exchange(const request& what) {
  GANTRY_LET(auto answer, send(what));
  GANTRY_TRY(read_head(answer.inner(), what.method != "HEAD"));
  return answer;
}

result<response> client::open(const request& what) {
  auto answer = exchange(what);
  if (!answer && never_read(answer.error())) answer = exchange(what);
  if (answer && answer->status() >= 400) return refusal(*answer);
  return answer;
}

result<json> client::call(const request& what) {
  GANTRY_LET(auto answer, open(what));
  GANTRY_LET(auto body, answer.read_all());
  if (body.empty()) return json();
  return parse_json(body, what.target);
}

result<json> client::post(std::string target, const json& body) {
  return call({.method = "POST", .target = std::move(target), .body = body.is_null() ? "" : to_line(body)});
}

result<raw_stream> client::hijack(request what) {
  what.upgrade = true;
  GANTRY_LET(auto answer, open(what));
  return std::move(answer).detach();
}

} // namespace gantry::cli::http
