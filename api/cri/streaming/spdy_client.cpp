#include "api/cri/streaming/spdy_client.hpp"

#include <algorithm>
#include <array>

#include <spdlog/spdlog.h>

namespace gantry::cri {
namespace {

constexpr std::array<std::pair<std::string_view, channel>, 5> stream_types{{
    {"stdin", channel::in},
    {"stdout", channel::out},
    {"stderr", channel::err},
    {"error", channel::status},
    {"resize", channel::resize},
}};

/// How many messages may come before all streams are open; each is one read at most.
constexpr std::size_t max_early = 64;

} // namespace

std::optional<std::string_view> header_of(const spdy::header_list& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return std::nullopt;
}

awaitable<bool> spdy_client::open(wanted_streams wanted, bool with_resize) {
  auto complete = [&] {
    auto has = [&](channel which) { return streams_.count(which) != 0; };
    return has(channel::status) && (!wanted.in || has(channel::in)) && (!wanted.out || has(channel::out)) &&
           (!wanted.err || has(channel::err)) && (!wanted.tty || !with_resize || has(channel::resize));
  };
  while (!complete()) {
    auto more = co_await read_more();
    if (!more || inputs_.size() > max_early) co_return false;
  }
  co_return true;
}

awaitable<std::optional<remote_client::input>> spdy_client::next() {
  while (inputs_.empty()) {
    auto more = co_await read_more();
    if (!more) co_return std::nullopt;
  }
  auto first = std::move(inputs_.front());
  inputs_.pop_front();
  co_return first;
}

awaitable<bool> spdy_client::read_more() {
  if (gone_) co_return false;
  auto bytes = co_await from_.read();
  if (!bytes) co_return false;
  session_.add(*bytes);
  for (;;) {
    auto event = session_.next();
    if (!event) spdlog::info("cri: a client of exec or attach is sent away: {}", event.error().message);
    gone_ = gone_ || !event;
    if (!event || !*event) break;
    std::visit([this](auto&& what) { take(std::forward<decltype(what)>(what)); }, std::move(**event));
  }
  to_.put(session_.take_output());
  co_await to_.room(); // a client that asks and does not read the answers
  co_return true;
}

void spdy_client::take(spdy::session::opened&& what) {
  auto type = header_of(what.headers, "streamtype");
  auto known = std::find_if(stream_types.begin(), stream_types.end(),
                            [&type](const auto& one) { return type && one.first == *type; });
  if (known == stream_types.end() || !streams_.emplace(known->second, what.id).second)
    session_.reject(what.id, spdy::reset_reason::refused_stream);
  else
    session_.accept(what.id);
}

void spdy_client::take(spdy::session::received&& what) {
  if (auto from = channel_of(what.id)) inputs_.push_back({*from, std::move(what.bytes), false});
}

void spdy_client::take(spdy::session::ended&& what) {
  if (auto from = channel_of(what.id)) inputs_.push_back({*from, {}, true});
}

void spdy_client::take(spdy::session::reset&& what) {
  if (auto from = channel_of(what.id)) inputs_.push_back({*from, {}, true});
}

void spdy_client::take(spdy::session::going_away&&) { gone_ = true; }

std::optional<channel> spdy_client::channel_of(spdy::stream_id id) const {
  for (const auto& [which, stream] : streams_)
    if (stream == id) return which;
  return std::nullopt;
}

awaitable<void> spdy_client::write(channel on, std::string_view bytes) {
  auto found = streams_.find(on);
  if (found == streams_.end()) co_return;
  session_.send(found->second, bytes);
  to_.put(session_.take_output());
  co_await to_.room();
}

awaitable<void> spdy_client::finish(std::chrono::seconds patience) {
  for (const auto& [which, stream] : streams_) session_.finish(stream);
  to_.put(session_.take_output());
  co_await to_.drained(patience);
  // No GOAWAY and no hang-up here: older clients drop what they have read but not yet handed on when either comes. They
  // go by themselves, when all their streams have ended.
}

} // namespace gantry::cri
