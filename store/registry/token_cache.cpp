#include "store/registry/token_cache.hpp"

#include <simdjson.h>

#include <algorithm>

#include "store/hash.hpp"

namespace gantry::store {

namespace {

constexpr std::size_t max_tokens = 1000;
constexpr std::chrono::seconds longest{86400};

} // namespace

std::string fingerprint(const credentials& who) {
  if (who.anonymous()) return {};
  std::string all;
  for (const auto* part : {&who.username, &who.password, &who.identity_token, &who.registry_token})
    all += std::to_string(part->size()) + ':' + *part;
  return digest_of(all).hex();
}

bool is_header_safe(std::string_view text) {
  return !text.empty() && text.size() <= 65536 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

result<token> parse_token_response(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
    return fail(errc::denied, "the token server did not answer with a JSON object");
  std::string_view value;
  if (root["token"].get(value) != simdjson::SUCCESS || value.empty())
    if (root["access_token"].get(value) != simdjson::SUCCESS) value = {};
  if (!is_header_safe(value)) return fail(errc::denied, "the token server's answer holds no usable token");
  token fresh{std::string(value), std::chrono::seconds(60)};
  std::int64_t seconds = 0;
  if (root["expires_in"].get(seconds) == simdjson::SUCCESS && seconds > 0)
    fresh.valid_for = std::chrono::seconds(std::min<std::int64_t>(seconds, longest.count()));
  return fresh;
}

void token_cache::put(const token_key& key, const token& fresh, clock::time_point now) {
  if (tokens_.size() >= max_tokens) std::erase_if(tokens_, [&](const auto& one) { return one.second.expires <= now; });
  if (tokens_.size() >= max_tokens) tokens_.clear();
  // A tenth before its end, at least: a request takes a while to arrive, and clocks drift.
  auto margin = std::max<std::chrono::seconds>(fresh.valid_for / 10, std::chrono::seconds(5));
  tokens_[key] = {fresh.value, now + std::max(fresh.valid_for - margin, std::chrono::seconds(0))};
}

std::optional<std::string> token_cache::get(const token_key& key, clock::time_point now) const {
  auto found = tokens_.find(key);
  if (found == tokens_.end() || found->second.expires <= now) return std::nullopt;
  return found->second.value;
}

} // namespace gantry::store
