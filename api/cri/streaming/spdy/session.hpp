#pragma once

#include <map>

#include "api/cri/streaming/spdy/decoder.hpp"
#include "api/cri/streaming/spdy/encoder.hpp"

namespace gantry::cri::spdy {

/// The server's end of a SPDY/3.1 connection, without the connection: bytes of the client go in, events come out, and
/// what is to be sent to it gathers in `take_output`. It opens no streams of its own.
///
/// Windows are not kept: Kubernetes' clients send no WINDOW_UPDATE and heed none (moby/spdystream), so a server that
/// kept to them would stop after 64 KiB. What holds a fast sender back is TCP: whoever drives this must stop reading.
class session {
public:
  explicit session(std::size_t max_streams) : max_streams_(max_streams) {}

  struct opened { ///< to be answered with accept or refuse
    stream_id id = 0;
    header_list headers;
  };
  struct received {
    stream_id id = 0;
    std::string bytes;
  };
  struct ended { ///< the client sends nothing more on it
    stream_id id = 0;
  };
  struct reset { ///< the stream is gone, both ways
    stream_id id = 0;
  };
  struct going_away {}; ///< the client opens no more streams, and is about to hang up
  using event = std::variant<opened, received, ended, reset, going_away>;

  void add(std::string_view bytes) { decoder_.add(bytes); }
  /// The next event, none when more bytes are needed. PING is answered; a stream over the bound is refused; data for a
  /// stream that is no more is dropped, as it may have been under way. Errors: corrupt, for what is not SPDY or an id
  /// that does not rise; the GOAWAY that says so is then the last of the output.
  result<std::optional<event>> next();

  // What is sent on a stream that does not exist, or was finished before, is dropped: the client may have reset it.
  void accept(stream_id id);
  void send(stream_id id, std::string_view bytes);
  void finish(stream_id id); ///< nothing more from this side
  void reject(stream_id id, reset_reason why);
  void go_away(going_reason why);

  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  [[nodiscard]] bool is_open(stream_id id) const { return streams_.count(id) != 0; }
  [[nodiscard]] std::size_t open_streams() const { return streams_.size(); }

private:
  struct stream {
    bool client_ended = false, server_ended = false;
  };

  result<std::optional<event>> next_unguarded();
  /// Each returns the event that the frame makes, if any.
  result<std::optional<event>> take(syn_stream&& what);
  result<std::optional<event>> take(data&& what);
  result<std::optional<event>> take(headers&& what);
  result<std::optional<event>> take(rst_stream&& what);
  result<std::optional<event>> take(ping&& what);
  result<std::optional<event>> take(goaway&& what);
  result<std::optional<event>> take(syn_reply&& what);
  result<std::optional<event>> take(settings&& what);
  result<std::optional<event>> take(window_update&& what);

  void put(const frame& what) { output_ += encoder_.encode(what); }
  std::optional<event> end_of_client(stream_id id);
  void drop_if_over(stream_id id);

  std::size_t max_streams_;
  decoder decoder_;
  encoder encoder_;
  std::map<stream_id, stream> streams_;
  stream_id last_ = 0;        ///< the highest id that the client has used
  std::optional<event> held_; ///< the second of two events of one frame
  bool said_goodbye_ = false; ///< GOAWAY was sent
  std::string output_;
};

} // namespace gantry::cri::spdy
