#include "api/cri/streaming/token_table.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace gantry::cri {
namespace {

std::string new_token() {
  std::array<unsigned char, 16> bytes{};
  ssize_t got = 0;
  do got = ::getrandom(bytes.data(), bytes.size(), 0);
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes.size())) std::abort(); // getrandom(2): up to 256 bytes come whole
  constexpr std::string_view digits = "0123456789abcdef";
  std::string token;
  for (auto byte : bytes) {
    token.push_back(digits[byte >> 4U]);
    token.push_back(digits[byte & 0xFU]);
  }
  return token;
}

} // namespace

void token_table::sweep(clock::time_point now) {
  while (!entries_.empty() && entries_.front().until <= now) {
    by_token_.erase(entries_.front().token);
    entries_.pop_front();
  }
}

result<std::string> token_table::issue(stream_request what, clock::time_point now) {
  auto token = new_token();
  std::lock_guard guard(lock_);
  sweep(now);
  if (entries_.size() >= max_)
    return fail(errc::exhausted, "{} streams wait for their clients already; try again later", max_);
  entries_.push_back({token, std::move(what), now + lifetime_});
  by_token_.emplace(token, std::prev(entries_.end()));
  return token;
}

std::optional<stream_request> token_table::redeem(std::string_view token, clock::time_point now) {
  std::lock_guard guard(lock_);
  sweep(now);
  auto found = by_token_.find(token);
  if (found == by_token_.end()) return std::nullopt;
  auto what = std::move(found->second->what);
  entries_.erase(found->second);
  by_token_.erase(found);
  return what;
}

} // namespace gantry::cri
