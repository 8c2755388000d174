#pragma once

#include <memory>

#include "api/http/exchange.hpp"
#include "api/http/signal.hpp"
#include "api/http/workplace.hpp"
#include "runtime/stream/pipe.hpp"

namespace gantry::door {

using http::awaitable;

/// A coroutine's end of a pipe whose other end an actor's thread has. With its life the pipe ends for the other, too.
/// The door's thread alone.
class pipe_end {
public:
  explicit pipe_end(const http::workplace& at);
  ~pipe_end();
  pipe_end(const pipe_end&) = delete;
  pipe_end& operator=(const pipe_end&) = delete;

  [[nodiscard]] std::shared_ptr<stream::pipe> other() const { return pipe_; }

  /// Sends the request's body through the pipe, to its end. A client that goes away before ends the pipe with an error,
  /// as what came is not all. Errors: the client's, and what the pipe's reader failed it with.
  awaitable<result<void>> send_body(http::exchange& from);

  /// The next bytes; empty at the end. Errors: what the pipe's writer failed it with; cancelled.
  awaitable<result<std::string>> next();

private:
  awaitable<result<void>> write(std::string_view bytes);

  std::shared_ptr<stream::pipe> pipe_ = std::make_shared<stream::pipe>();
  std::shared_ptr<http::signal> changed_;
};

} // namespace gantry::door
