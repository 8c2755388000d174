#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <grpcpp/support/server_callback.h>

#include "api/cri/context.hpp"
#include "api/cri/status.hpp"

// How a call of gRPC becomes a coroutine of the door: gRPC's threads say that a call has come or was given up, the
// door's thread does all the rest. No thread waits for a call.
namespace gantry::cri {

/// How busy the door is. Any thread.
struct traffic {
  std::size_t max_calls;
  std::atomic<std::size_t> calls{0};
  std::atomic<std::chrono::steady_clock::rep> last_call{0}; ///< when the last one began or ended

  explicit traffic(std::size_t most) : max_calls(most) { touch(); }
  void touch() { last_call = std::chrono::steady_clock::now().time_since_epoch().count(); }
};

/// Where calls begin. It outlives all of them.
struct desk {
  context& door;
  traffic& counts;
};

/// What a call and its coroutine share, whatever the kind of call. It lives until gRPC has done with it (OnDone) and
/// the coroutine has ended; request and response are gRPC's and live until OnDone, which comes after Finish.
class call_state {
public:
  explicit call_state(desk& at) : home_(at.door.home), counts_(at.counts) {
    counts_.touch();
    admitted_ = counts_.calls.fetch_add(1) < counts_.max_calls;
  }
  call_state(const call_state&) = delete;
  call_state& operator=(const call_state&) = delete;
  ~call_state() {
    --counts_.calls;
    counts_.touch();
  }

  [[nodiscard]] bool admitted() const { return admitted_; }
  [[nodiscard]] loop& home() { return *home_; }
  asio::cancellation_signal& stop() { return stop_; }

private:
  std::shared_ptr<loop> home_;
  traffic& counts_;
  bool admitted_ = false;
  asio::cancellation_signal stop_; ///< the door's thread alone
};

inline grpc::Status too_many_calls() { return {grpc::RESOURCE_EXHAUSTED, "too many calls at once: ask again later"}; }

/// A coroutine that was cancelled ends by an exception of asio's.
inline error error_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) return {errc::cancelled, "the call was given up", 0};
    return {errc::internal, e.what(), 0};
  } catch (const std::exception& e) {
    return {errc::internal, e.what(), 0};
  }
}

/// A call with one answer.
template<class Request, class Response>
class unary_call final : public grpc::ServerUnaryReactor {
public:
  using handler = awaitable<result<Response>> (*)(context&, const Request&);

  static grpc::ServerUnaryReactor* answer(desk& at, handler handle, const Request& request, Response& response) {
    std::shared_ptr<unary_call> made(new unary_call(at, response));
    made->self_ = made;
    if (!made->state_.admitted()) {
      made->Finish(too_many_calls());
      return made.get();
    }
    at.door.home->post([made, handle, &at, &request] {
      asio::co_spawn(at.door.home->io, handle(at.door, request),
                     asio::bind_cancellation_slot(made->state_.stop().slot(),
                                                  [made](std::exception_ptr thrown, result<Response> got) {
                                                    made->end(thrown, std::move(got));
                                                  }));
    });
    return made.get();
  }

private:
  unary_call(desk& at, Response& response) : state_(at), response_(response) {}

  void end(const std::exception_ptr& thrown, result<Response> got) {
    if (thrown) got = tl::unexpected<error>(error_of(thrown));
    if (!got) return Finish(status_of(got.error()));
    response_ = std::move(*got);
    Finish(grpc::Status::OK);
  }
  void OnCancel() override {
    state_.home().post([self = self_] { self->state_.stop().emit(asio::cancellation_type::terminal); });
  }
  void OnDone() override { self_.reset(); }

  call_state state_;
  Response& response_;
  std::shared_ptr<unary_call> self_; ///< until OnDone
};

/// Where a coroutine writes the messages of a streaming answer. The door's thread alone.
template<class Response>
class sink {
public:
  virtual ~sink() = default;
  /// Tells the client that from now on nothing is missed. For streams that may have nothing to say for long.
  virtual void begin() = 0;
  /// Waits until gRPC has taken it: a slow client slows its own stream. False when the client is gone.
  virtual awaitable<bool> write(Response message) = 0;
};

/// A call that is answered by a stream of messages.
template<class Request, class Response>
class stream_call final : public grpc::ServerWriteReactor<Response>, public sink<Response> {
public:
  using handler = awaitable<result<void>> (*)(context&, const Request&, sink<Response>&);

  static grpc::ServerWriteReactor<Response>* answer(desk& at, handler handle, const Request& request) {
    std::shared_ptr<stream_call> made(new stream_call(at));
    made->self_ = made;
    if (!made->state_.admitted()) {
      made->Finish(too_many_calls());
      return made.get();
    }
    at.door.home->post([made, handle, &at, &request] {
      asio::co_spawn(
          at.door.home->io, handle(at.door, request, *made),
          asio::bind_cancellation_slot(made->state_.stop().slot(), [made](std::exception_ptr thrown, result<void> got) {
            made->end(thrown, got);
          }));
    });
    return made.get();
  }

  void begin() override {
    if (!gone_) this->StartSendInitialMetadata();
  }
  awaitable<bool> write(Response message) override {
    if (gone_) co_return false;
    message_ = std::move(message);
    written_.clear();
    writing_ = true;
    this->StartWrite(&message_);
    co_await written_.wait();
    co_return !gone_;
  }

private:
  explicit stream_call(desk& at) : state_(at), written_(at.door.home->io) {}

  void end(const std::exception_ptr& thrown, const result<void>& got) {
    if (thrown) return this->Finish(status_of(error_of(thrown)));
    this->Finish(got ? grpc::Status::OK : status_of(got.error()));
  }
  void OnWriteDone(bool ok) override {
    state_.home().post([self = self_, ok] {
      self->writing_ = false;
      self->gone_ = self->gone_ || !ok;
      self->written_.notify();
    });
  }
  /// A write under way is not cut short: gRPC ends it, and nothing may be finished before it has.
  void OnCancel() override {
    state_.home().post([self = self_] {
      self->gone_ = true;
      if (!self->writing_) self->state_.stop().emit(asio::cancellation_type::terminal);
    });
  }
  void OnDone() override { self_.reset(); }

  call_state state_;
  Response message_;                    ///< being written
  bool writing_ = false, gone_ = false; ///< the door's thread alone
  signal written_;
  std::shared_ptr<stream_call> self_; ///< until OnDone
};

} // namespace gantry::cri
