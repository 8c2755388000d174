#pragma once

#include "api/http/body_reader.hpp"
#include "api/http/connection.hpp"

namespace gantry::http {

/// The exchange over a connection: chunked for HTTP/1.1, until the connection's end for 1.0.
class live_exchange final : public exchange {
public:
  /// `body`: of a request whose body is streamed.
  live_exchange(connection& on, const request& what, body_reader* body) : on_(on), what_(what), body_(body) {}

  awaitable<result<std::string>> read_body() override;
  awaitable<result<void>> begin(response head) override;
  awaitable<result<void>> write(std::string_view part) override;
  [[nodiscard]] bool begun() const override { return begun_; }
  awaitable<void> until_gone() override;
  awaitable<result<std::unique_ptr<raw_connection>>> take_over(response head) override;
  awaitable<result<std::unique_ptr<raw_connection>>> take_over_websocket(message_kind kind) override;

  /// Ends the stream; one that is not `whole` is cut, so that the client sees that something is missing. Returns
  /// whether the connection can go on.
  awaitable<bool> finish(bool whole);

private:
  connection& on_;
  const request& what_;
  body_reader* body_;
  bool begun_ = false, chunked_ = false, taken_ = false, broken_ = false;
};

} // namespace gantry::http
