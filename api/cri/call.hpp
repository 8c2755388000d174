#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include "api/cri/context.hpp"
#include "api/cri/status.hpp"

// How a call of gRPC is answered. One thread of the server takes what comes from gRPC's queue, and answers there what
// can be answered from what the engine shows; all else becomes a coroutine of the door. No thread waits for a call.
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
  std::unique_ptr<grpc::ServerCompletionQueue> queue = {}; ///< from when it serves
  std::atomic<bool> closing = false;                       ///< what begins now is refused
  std::atomic<bool> closed = false;                        ///< the queue takes nothing any more
};

/// What gRPC's queue gives back when what was asked of it has come about, or (not `ok`) never will.
struct occurrence {
  std::function<void(bool ok)> then; ///< on the thread of the queue
};

/// What a call is answered with at once, on the thread of the queue; empty: it has to be asked for.
template<class Response>
using at_once = std::optional<result<Response>>;

inline grpc::Status too_many_calls() { return {grpc::RESOURCE_EXHAUSTED, "too many calls at once: ask again later"}; }
inline grpc::Status no_more_calls() { return {grpc::UNAVAILABLE, "the engine is stopping"}; }

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

/// What calls of each kind have: gRPC's side of it, which lives until the queue has given back all that was asked of it
/// and the coroutine has ended. The thread of the queue, but for what says otherwise.
class call_base : public std::enable_shared_from_this<call_base> {
public:
  call_base(const call_base&) = delete;
  call_base& operator=(const call_base&) = delete;

protected:
  explicit call_base(desk& at) : at_(at) {}
  virtual ~call_base() {
    if (!counted_) return;
    --at_.counts.calls;
    at_.counts.touch();
  }

  /// Before the call is asked for: afterwards all stays until its client has come.
  void expect() {
    self_ = shared_from_this();
    context_.AsyncNotifyWhenDone(&done_);
  }
  /// Its client has come. How it is refused, if it is.
  grpc::Status admit() {
    open_ = 2; // its end is to come by Finish, and by `done_`
    counted_ = true;
    at_.counts.touch();
    const bool fits = at_.counts.calls.fetch_add(1) < at_.counts.max_calls;
    if (at_.closing) return no_more_calls();
    return fits ? grpc::Status::OK : too_many_calls();
  }
  /// No client has come, and none will: the server ends.
  void never_came() { self_.reset(); }

  /// The queue gives back one thing more. Any thread.
  void open() { ++open_; }
  void close() {
    if (--open_ == 0) self_.reset();
  }

  /// Runs what the call asks on the door's thread, where `end` is called with how it ended.
  template<class Answer, class End>
  void spawn(std::function<awaitable<Answer>()> work, End end) {
    spawned_ = true;
    at_.door.home->post([self = shared_from_this(), this, work = std::move(work), end = std::move(end)] {
      asio::co_spawn(at_.door.home->io, work(),
                     asio::bind_cancellation_slot(stop_.slot(), [self, end](std::exception_ptr thrown, Answer got) {
                       if (thrown) got = tl::unexpected<error>(error_of(thrown));
                       end(std::move(got));
                     }));
    });
  }
  /// The client has given up. The door's thread.
  virtual void cancel() { stop_.emit(asio::cancellation_type::terminal); }

  desk& at_;
  grpc::ServerContext context_;
  occurrence finished_{[this](bool) { close(); }};

private:
  void over(bool) {
    if (spawned_ && context_.IsCancelled()) at_.door.home->post([self = shared_from_this(), this] { cancel(); });
    close();
  }

  occurrence done_{[this](bool ok) { over(ok); }};
  asio::cancellation_signal stop_; ///< the door's thread alone
  std::atomic<int> open_ = 0;      ///< what the queue has still to give back
  bool counted_ = false, spawned_ = false;
  std::shared_ptr<call_base> self_; ///< until then
};

/// A call with one answer.
template<class Request, class Response>
class unary_call final : public call_base {
public:
  using answerer = grpc::ServerAsyncResponseWriter<Response>;
  struct kind {
    std::function<void(grpc::ServerContext*, Request*, answerer*, grpc::CompletionQueue*, grpc::ServerCompletionQueue*,
                       void*)>
        ask_for; ///< of gRPC: the next call
    awaitable<result<Response>> (*handle)(context&, const Request&) = nullptr;
    at_once<Response> (*handle_at_once)(const context&, const Request&) = nullptr; ///< none: always the other
    const char* refusal = nullptr;                                                 ///< why it is unimplemented
  };

  /// The next call of a kind will be answered, and the one after it, and so on.
  static void expect_next(desk& at, std::shared_ptr<const kind> of) {
    std::shared_ptr<unary_call> made(new unary_call(at, std::move(of)));
    made->expect();
    made->kind_->ask_for(&made->context_, &made->request_, &made->answerer_, at.queue.get(), at.queue.get(),
                         &made->came_);
  }

private:
  unary_call(desk& at, std::shared_ptr<const kind> of) : call_base(at), kind_(std::move(of)) {}

  void came(bool ok) {
    if (!ok || at_.closed) return never_came();
    expect_next(at_, kind_);
    if (auto refused = admit(); !refused.ok()) return answerer_.FinishWithError(refused, &finished_);
    if (kind_->refusal != nullptr) return answerer_.FinishWithError({grpc::UNIMPLEMENTED, kind_->refusal}, &finished_);
    if (auto got = try_at_once()) return end(*got);
    spawn<result<Response>>([this] { return kind_->handle(at_.door, request_); },
                            [this](const result<Response>& got) { end(got); });
  }
  at_once<Response> try_at_once() const {
    if (kind_->handle_at_once == nullptr) return std::nullopt;
    try {
      return kind_->handle_at_once(at_.door, request_);
    } catch (...) {
      return tl::unexpected<error>(error_of(std::current_exception()));
    }
  }
  /// The thread of the queue, or the door's.
  void end(const result<Response>& got) {
    if (at_.closed) return;
    if (got)
      answerer_.Finish(*got, grpc::Status::OK, &finished_);
    else
      answerer_.FinishWithError(status_of(got.error()), &finished_);
  }

  std::shared_ptr<const kind> kind_;
  Request request_;
  answerer answerer_{&context_};
  occurrence came_{[this](bool ok) { came(ok); }};
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
class stream_call final : public call_base, public sink<Response> {
public:
  using writer = grpc::ServerAsyncWriter<Response>;
  struct kind {
    std::function<void(grpc::ServerContext*, Request*, writer*, grpc::CompletionQueue*, grpc::ServerCompletionQueue*,
                       void*)>
        ask_for; ///< of gRPC: the next call
    awaitable<result<void>> (*handle)(context&, const Request&, sink<Response>&) = nullptr;
  };

  static void expect_next(desk& at, std::shared_ptr<const kind> of) {
    std::shared_ptr<stream_call> made(new stream_call(at, std::move(of)));
    made->expect();
    made->kind_->ask_for(&made->context_, &made->request_, &made->writer_, at.queue.get(), at.queue.get(),
                         &made->came_);
  }

  void begin() override {
    if (gone_) return;
    open();
    writer_.SendInitialMetadata(&begun_);
  }
  awaitable<bool> write(Response message) override {
    if (gone_) co_return false;
    taken_.clear();
    writing_ = true;
    open();
    writer_.Write(message, &written_);
    co_await taken_.wait();
    co_return !gone_;
  }

private:
  stream_call(desk& at, std::shared_ptr<const kind> of)
      : call_base(at), kind_(std::move(of)), taken_(at.door.home->io) {}

  void came(bool ok) {
    if (!ok || at_.closed) return never_came();
    expect_next(at_, kind_);
    if (auto refused = admit(); !refused.ok()) return writer_.Finish(refused, &finished_);
    spawn<result<void>>([this] { return kind_->handle(at_.door, request_, *this); },
                        [this](const result<void>& got) {
                          if (!at_.closed) writer_.Finish(got ? grpc::Status::OK : status_of(got.error()), &finished_);
                        });
  }
  void written(bool ok) {
    at_.door.home->post([self = shared_from_this(), this, ok] {
      writing_ = false;
      gone_ = gone_ || !ok;
      taken_.notify();
    });
    close();
  }
  /// A write under way is not cut short: gRPC ends it, and nothing may be finished before it has.
  void cancel() override {
    gone_ = true;
    if (!writing_) call_base::cancel();
  }

  std::shared_ptr<const kind> kind_;
  Request request_;
  writer writer_{&context_};
  bool writing_ = false, gone_ = false; ///< the door's thread alone
  signal taken_;                        ///< likewise
  occurrence came_{[this](bool ok) { came(ok); }};
  occurrence begun_{[this](bool) { close(); }};
  occurrence written_{[this](bool ok) { written(ok); }};
};

} // namespace gantry::cri
