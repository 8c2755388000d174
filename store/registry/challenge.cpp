#include "store/registry/challenge.hpp"

#include <algorithm>
#include <optional>

#include "store/registry/ascii.hpp"

namespace gantry::store {

namespace {

constexpr std::size_t max_parameters = 16;

// RFC 9110, section 5.6.2, "tchar"; '/' as well, which token68 has.
bool is_token(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~/").find(c) != std::string_view::npos;
}

class scanner {
public:
  explicit scanner(std::string_view text) : left_(text) {}

  void skip(std::string_view any_of) {
    while (!left_.empty() && any_of.find(left_.front()) != std::string_view::npos) left_.remove_prefix(1);
  }
  bool take(char wanted) {
    if (!left_.starts_with(wanted)) return false;
    left_.remove_prefix(1);
    return true;
  }
  std::string token() {
    auto end = static_cast<std::size_t>(std::find_if_not(left_.begin(), left_.end(), is_token) - left_.begin());
    std::string word(left_.substr(0, end));
    left_.remove_prefix(end);
    return word;
  }
  /// The rest of a quoted string whose first quote was taken. Control characters have no place in it.
  std::optional<std::string> quoted() {
    std::string value;
    while (!left_.empty()) {
      char c = left_.front();
      left_.remove_prefix(1);
      if (c == '"') return value;
      if (c == '\\') {
        if (left_.empty()) return std::nullopt;
        c = left_.front();
        left_.remove_prefix(1);
      }
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
      value += c;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool done() const { return left_.empty(); }

private:
  std::string_view left_;
};

/// After "name =": the value, quoted or not.
std::optional<std::string> value_of(scanner& in) {
  in.skip(" \t");
  if (in.take('"')) return in.quoted();
  auto word = in.token();
  if (word.empty()) return std::nullopt;
  return word;
}

} // namespace

// A word is a scheme when a space and no "=" follows, else the name of a parameter of the scheme before it.
std::vector<challenge> parse_challenges(std::string_view header) {
  std::vector<challenge> found;
  scanner in(header);
  for (in.skip(" \t,"); !in.done(); in.skip(" \t,")) {
    auto word = lowered(in.token());
    if (word.empty()) break;
    in.skip(" \t");
    if (!in.take('=')) {
      if (found.size() == max_challenges) break;
      found.push_back({std::move(word), {}});
      continue;
    }
    auto value = value_of(in);
    if (!value || found.empty() || found.back().parameters.size() == max_parameters) break;
    found.back().parameters.emplace(std::move(word), std::move(*value));
  }
  return found;
}

} // namespace gantry::store
