#pragma once

#include <map>

#include "api/cri/streaming/remote_client.hpp"
#include "api/cri/streaming/spdy/session.hpp"

namespace gantry::cri {

/// The value of a header, or none.
std::optional<std::string_view> header_of(const spdy::header_list& headers, std::string_view name);

/// Over SPDY/3.1: a stream per channel, which the header `streamType` names.
class spdy_client final : public remote_client {
public:
  spdy_client(transport& from, outbox& to) : from_(from), to_(to) {}

  /// Waits until the client has opened what a session with these streams needs. False: it has gone, or broke the
  /// protocol.
  awaitable<bool> open(wanted_streams wanted, bool with_resize);

  awaitable<std::optional<input>> next() override;
  awaitable<void> write(channel on, std::string_view bytes) override;
  awaitable<void> finish(std::chrono::seconds patience) override;

private:
  void take(spdy::session::opened&& what);
  void take(spdy::session::received&& what);
  void take(spdy::session::ended&& what);
  void take(spdy::session::reset&& what);
  void take(spdy::session::going_away&& what);
  std::optional<channel> channel_of(spdy::stream_id id) const;
  awaitable<bool> read_more();

  transport& from_;
  outbox& to_;
  spdy::session session_{8}; ///< five are used
  std::map<channel, spdy::stream_id> streams_;
  std::deque<input> inputs_; ///< of one read, but for those that come before all streams are open
  bool gone_ = false;
};

} // namespace gantry::cri
