#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/monitor/event_loop.hpp"
#include "runtime/monitor/protocol/codec.hpp"

namespace gantry::monitor {

/// The control socket: one engine at a time; a new connection replaces the old, whose answers are then dropped. Only
/// the monitor's own user is let in. The loop's thread alone.
class control_server {
public:
  using handler = std::function<void(request, std::function<void(result<reply>)>)>;

  static constexpr std::size_t max_unsent = 64u << 20; ///< an engine that reads no more is dropped

  static result<std::unique_ptr<control_server>> listen(event_loop& loop, const std::string& folder,
                                                        const std::string& name, handler on_request);

  /// Tells the engine; when there is none, it learns it from list_containers.
  void announce(const process_exited& what);

  /// Calls `flushed` when all that was answered is sent, or the engine is gone.
  void when_flushed(std::function<void()> flushed);

private:
  control_server(event_loop& loop, handler on_request) : loop_(loop), on_request_(std::move(on_request)) {}
  struct connection {
    sys::unique_fd socket;
    event_loop::watch watch; ///< after socket: dies first
    frame_reader in;
    std::string out;
    std::size_t sent = 0;
  };
  void accept_engine();
  void on_event(std::uint32_t events);
  void read_requests();
  void serve(frame_of_message frame);
  void send(std::uint64_t id, const message& what);
  void flush();
  void drop();

  event_loop& loop_;
  handler on_request_;
  sys::unique_fd socket_;
  event_loop::watch watch_;
  std::shared_ptr<connection> engine_; ///< answers under way hold it weakly
  std::function<void()> flushed_;
};

} // namespace gantry::monitor
