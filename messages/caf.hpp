#pragma once

/// All that is peculiar to CAF 0.17 in how actors talk; a move to another release changes this file.

#include <chrono>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "messages/domain/error.hpp"

/// Allows a struct as a message. Messages stay in the process and are copied or moved, never serialised.
#define GANTRY_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)

namespace gantry {

using caf::reacts_to;
using caf::replies_to;

/// The answer to a request that has nothing to say but that it is done.
struct done {};

inline constexpr auto error_category = caf::atom("gantry");

/// The form in which an error crosses a mailbox.
inline caf::error to_caf(const error& e) {
  return caf::error{static_cast<std::uint8_t>(e.code), error_category, caf::make_message(e.message, e.os_errno)};
}

/// Back again. CAF's own failures become timeout (a deadline passed) or unavailable (the actor has ended).
inline error from_caf(const caf::error& e) {
  if (e.category() == error_category && e.context().match_elements<std::string, int>())
    return {static_cast<errc>(e.code()), e.context().get_as<std::string>(0), e.context().get_as<int>(1)};
  if (e == caf::sec::request_timeout)
    return {errc::timeout, "the engine did not answer in time; the operation may still end", 0};
  return {errc::unavailable, "a part of the engine ended while it worked on this: " + caf::to_string(e), 0};
}

/// A handler's answer from a library's result.
template<class T>
caf::result<T> to_caf(result<T> r) {
  if (!r) return to_caf(r.error());
  return std::move(*r);
}
inline caf::result<done> to_caf(const result<void>& r) {
  if (!r) return to_caf(r.error());
  return done{};
}

/// Delivers a library's result to a promise that waits for it.
template<class T>
void deliver(caf::typed_response_promise<T>& promise, result<T> r) {
  if (!promise.pending()) return;
  if (r)
    promise.deliver(std::move(*r));
  else
    promise.deliver(to_caf(r.error()));
}

/// Answers a promise with an error. (CAF's deliver returns the promise: `return promise.deliver(…)` is not void.)
template<class T>
void refuse(caf::typed_response_promise<T>& promise, const error& e) {
  promise.deliver(to_caf(e));
}

/// Deadlines of requests between actors. A timer costs the waker of CAF's clock twice, more than most answers cost:
/// only who waits for something outside the process has one. Within it, no answer fails to come: a mailbox is never
/// refused, an actor that has ended answers by an error (CAF answers for it), and one that lives answers when those
/// outside that it waits for did, or their deadline passed; who waits for a slot has admission's own bound. Inner
/// deadlines are shorter, so that the inner error arrives first.
namespace deadline {
using std::chrono::seconds;
inline constexpr seconds inner{0};       ///< no timer: answered within the process
inline constexpr seconds without_end{0}; ///< no timer: takes as long as a container likes
inline constexpr seconds monitor{10};    ///< a monitor answers from memory; kept by the launcher
inline constexpr seconds launch{120};    ///< waits for an OCI runtime; a monitor's is kept by the launcher
inline constexpr seconds network{150};   ///< waits for CNI plugins
inline constexpr seconds whole{300};     ///< a whole operation, as a door asks for it
} // namespace deadline

/// CAF's request, where a deadline of zero means that there is none. `self`: a pointer to an actor, or a
/// caf::scoped_actor.
template<class Self, class Handle, class Request>
auto request_within(Self&& self, const Handle& to, std::chrono::seconds deadline, Request request) {
  auto timer = deadline.count() == 0 ? caf::duration{caf::infinite} : caf::duration{deadline};
  return self->request(to, timer, std::move(request));
}

/// Sends a request and calls `then` with a result<Reply> when it is answered or failed, on the asking actor.
template<class Reply, class Self, class Handle, class Request, class F>
void ask(Self* self, const Handle& to, std::chrono::seconds deadline, Request request, F then) {
  request_within(self, to, deadline, std::move(request))
      .then([then](Reply& reply) mutable { then(result<Reply>(std::move(reply))); },
            [then](caf::error& e) mutable { then(result<Reply>(tl::unexpected<error>(from_caf(e)))); });
}

/// Sends without waiting for an answer, be there one or not.
template<class Handle, class Message>
void tell(const Handle& to, Message message) {
  caf::anon_send(to, std::move(message));
}

} // namespace gantry

GANTRY_MESSAGE(gantry::done)
