#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "runtime/monitor/stream_session.hpp"

namespace gantry::monitor {

/// The stream socket: hands out tokens, and a session to whoever presents one. The loop's thread alone.
class stream_server {
public:
  /// Called with each redeemed token: the session waits for its process.
  using redeemed = std::function<void(std::shared_ptr<stream_session>, std::string left)>;

  static constexpr std::size_t max_open = 8192;     ///< tokens not yet redeemed
  static constexpr std::size_t max_strangers = 256; ///< connections that have not presented a token
  static constexpr std::chrono::milliseconds token_life{10'000};

  static result<std::unique_ptr<stream_server>> listen(event_loop& loop, const std::string& folder,
                                                       const std::string& name, redeemed on_redeemed);

  /// A token for one connection within token_life. Errors: exhausted.
  result<stream_token> issue(open_stream what);

private:
  stream_server(event_loop& loop, redeemed on_redeemed) : loop_(loop), redeemed_(std::move(on_redeemed)) {}
  struct offer {
    open_stream what;
    event_loop::timer expiry;
  };
  struct stranger {
    sys::unique_fd socket;
    event_loop::watch watch; ///< after socket: dies first
    event_loop::timer patience;
    std::string bytes;
  };
  void accept_all();
  void read_token(int fd);
  void redeem(stranger from);

  event_loop& loop_;
  redeemed redeemed_;
  std::string path_;
  sys::unique_fd socket_;
  event_loop::watch watch_;
  std::unordered_map<std::string, offer> offers_;
  std::unordered_map<int, stranger> strangers_; ///< by descriptor
};

} // namespace gantry::monitor
