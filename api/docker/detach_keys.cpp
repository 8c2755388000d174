#include "api/docker/detach_keys.hpp"

#include <optional>

#include "messages/domain/quote.hpp"

namespace gantry::docker {
namespace {

/// moby/term, ToBytes: one character, or ctrl- with a letter or one of @ [ \ ] ^ _
std::optional<char> key_of(std::string_view text) {
  if (text.size() == 1) return text[0];
  if (text.size() != 6 || !text.starts_with("ctrl-")) return std::nullopt;
  auto c = text[5];
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 1);
  if (c == '@') return '\0';
  if (c >= '[' && c <= '_') return static_cast<char>(c - '[' + 27);
  return std::nullopt;
}

} // namespace

result<std::string> parse_detach_keys(std::string_view text) {
  if (text.empty()) return std::string("\x10\x11");
  std::string keys;
  auto rest = text;
  for (;;) {
    auto one = rest.substr(0, rest.find(','));
    auto key = key_of(one);
    if (!key || keys.size() == 16)
      return fail(errc::invalid_argument,
                  "invalid detach keys {}: write single characters or ctrl-<character>, with commas", quote(text));
    keys.push_back(*key);
    if (one.size() == rest.size()) return keys;
    rest.remove_prefix(one.size() + 1);
  }
}

detach_watch::outcome detach_watch::add(std::string_view typed) {
  outcome found;
  for (char c : typed) {
    if (c == keys_[seen_]) {
      if (++seen_ == keys_.size()) {
        found.detached = true;
        return found;
      }
      continue;
    }
    found.forward += keys_.substr(0, seen_);
    seen_ = c == keys_[0] ? 1 : 0;
    if (seen_ == 0)
      found.forward.push_back(c);
    else if (keys_.size() == 1)
      found.detached = true;
  }
  return found;
}

} // namespace gantry::docker
