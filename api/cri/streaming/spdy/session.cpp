#include "api/cri/streaming/spdy/session.hpp"

namespace gantry::cri::spdy {

result<std::optional<session::event>> session::next() {
  auto found = next_unguarded();
  if (!found) go_away(going_reason::protocol_error);
  return found;
}

result<std::optional<session::event>> session::next_unguarded() {
  if (held_) return std::exchange(held_, std::nullopt);
  for (;;) {
    GANTRY_LET(auto got, decoder_.next());
    if (!got) return std::optional<event>();
    GANTRY_LET(auto made,
               std::visit([this](auto&& what) { return take(std::forward<decltype(what)>(what)); }, std::move(*got)));
    if (made) return made;
  }
}

result<std::optional<session::event>> session::take(syn_stream&& what) {
  if (what.id % 2 == 0 || what.id <= last_)
    return fail(errc::corrupt, "spdy: a client opens stream {} after {}", what.id, last_);
  last_ = what.id;
  if (streams_.size() >= max_streams_ || said_goodbye_) {
    put(rst_stream{what.id, reset_reason::refused_stream});
    return std::optional<event>();
  }
  streams_[what.id].server_ended = what.unidirectional;
  if (what.fin) held_ = end_of_client(what.id);
  return std::optional<event>(opened{what.id, std::move(what.headers)});
}

result<std::optional<session::event>> session::take(data&& what) {
  if (what.id > last_) return fail(errc::corrupt, "spdy: data for stream {}, which was never opened", what.id);
  auto found = streams_.find(what.id);
  if (found == streams_.end()) return std::optional<event>();
  if (found->second.client_ended) {
    reject(what.id, reset_reason::stream_already_closed);
    return std::optional<event>(reset{what.id});
  }
  auto end = what.fin ? end_of_client(what.id) : std::nullopt;
  if (what.bytes.empty()) return end;
  held_ = std::move(end);
  return std::optional<event>(received{what.id, std::move(what.bytes)});
}

result<std::optional<session::event>> session::take(headers&& what) {
  return what.fin && is_open(what.id) ? end_of_client(what.id) : std::nullopt;
}

result<std::optional<session::event>> session::take(rst_stream&& what) {
  if (streams_.erase(what.id) == 0) return std::optional<event>();
  return std::optional<event>(reset{what.id});
}

result<std::optional<session::event>> session::take(ping&& what) {
  if (what.id % 2 == 1) put(what); // an even one would answer ours, and there are none
  return std::optional<event>();
}

result<std::optional<session::event>> session::take(goaway&&) { return std::optional<event>(going_away{}); }
result<std::optional<session::event>> session::take(syn_reply&&) { return std::optional<event>(); }
result<std::optional<session::event>> session::take(settings&&) { return std::optional<event>(); }
result<std::optional<session::event>> session::take(window_update&&) { return std::optional<event>(); }

std::optional<session::event> session::end_of_client(stream_id id) {
  auto& found = streams_[id];
  if (std::exchange(found.client_ended, true)) return std::nullopt;
  drop_if_over(id);
  return ended{id};
}

void session::drop_if_over(stream_id id) {
  auto found = streams_.find(id);
  if (found->second.client_ended && found->second.server_ended) streams_.erase(found);
}

void session::accept(stream_id id) {
  if (is_open(id)) put(syn_reply{id, false, {}});
}

void session::send(stream_id id, std::string_view bytes) {
  auto found = streams_.find(id);
  if (found == streams_.end() || found->second.server_ended) return;
  while (!bytes.empty()) {
    auto part = bytes.substr(0, max_data_length);
    output_ += data_head(id, false, part.size());
    output_ += part;
    bytes.remove_prefix(part.size());
  }
}

void session::finish(stream_id id) {
  auto found = streams_.find(id);
  if (found == streams_.end() || std::exchange(found->second.server_ended, true)) return;
  output_ += data_head(id, true, 0);
  drop_if_over(id);
}

void session::reject(stream_id id, reset_reason why) {
  if (streams_.erase(id) != 0) put(rst_stream{id, why});
}

void session::go_away(going_reason why) {
  if (!std::exchange(said_goodbye_, true)) put(goaway{last_, why});
}

} // namespace gantry::cri::spdy
