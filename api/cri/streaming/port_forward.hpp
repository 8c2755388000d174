#pragma once

#include <list>
#include <map>

#include <boost/asio/cancellation_signal.hpp>

#include "api/cri/streaming/limits.hpp"
#include "api/cri/streaming/outbox.hpp"
#include "api/cri/streaming/spdy/session.hpp"

namespace gantry::cri {

/// A client's connections into a pod, all over one SPDY connection: each is a pair of streams, `data` and `error`, that
/// name their port and, by `requestID`, each other (Kubernetes, portforward.k8s.io).
class port_forward {
public:
  port_forward(std::shared_ptr<loop> home, backend& engine, const stream_limits& limits, port_forward_request what,
               transport& from, outbox& to);
  port_forward(const port_forward&) = delete;
  port_forward& operator=(const port_forward&) = delete;
  ~port_forward();

  /// Until the client has gone.
  awaitable<void> run();

private:
  struct pair;

  awaitable<void> read_client();
  void take(spdy::session::opened&& what);
  void take(spdy::session::received&& what);
  void take(spdy::session::ended&& what);
  void take(spdy::session::reset&& what);
  void take(spdy::session::going_away&& what);
  void refuse(spdy::stream_id id) { session_.reject(id, spdy::reset_reason::refused_stream); }
  pair* pair_of(const std::string& request);
  pair* find_by_data(spdy::stream_id id);

  void begin(pair& which);
  awaitable<void> serve(pair& which);
  awaitable<void> await_partner(pair& which);
  awaitable<void> forward(pair& which);
  awaitable<void> upload(pair& which);
  awaitable<void> download(pair& which);
  void fail_pair(pair& which, const std::string& why);
  void flush() { to_.put(session_.take_output()); }
  awaitable<void> end_all();

  std::shared_ptr<loop> home_;
  backend& engine_;
  const stream_limits& limits_;
  port_forward_request what_;
  transport& from_;
  outbox& to_;
  spdy::session session_;
  std::list<pair> pairs_;
  std::size_t queued_ = 0; ///< bytes of the client's that no pod has taken yet
  wake_up eased_;          ///< fewer of them, or fewer pairs
};

} // namespace gantry::cri
