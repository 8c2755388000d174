#include "messages/domain/cdi.hpp"

#include <algorithm>

#include "messages/domain/quote.hpp"

namespace gantry::cdi {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return is_letter(c) || is_digit(c); }

/// Letters, digits and `others`; a letter or digit at the end, and at the front, where a digit may be refused.
enum class first : std::uint8_t { letter, letter_or_digit };

bool is_name(std::string_view text, std::string_view others, first front) {
  if (text.empty() || text.size() > 255 || !is_letter_or_digit(text.back())) return false;
  if (front == first::letter ? !is_letter(text.front()) : !is_letter_or_digit(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter_or_digit(c) || others.find(c) != std::string_view::npos; });
}

template<class T>
void add(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

} // namespace

result<device_name> parse_kind(std::string_view text) {
  const auto slash = text.find('/');
  const auto vendor = text.substr(0, slash);
  const auto device_class = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  if (!is_name(vendor, "_-.", first::letter))
    return fail(errc::invalid_argument, "{}: its vendor is of letters, digits, '.', '_' and '-', as vendor.com/class",
                quote(text));
  if (!is_name(device_class, "_-.", first::letter))
    return fail(errc::invalid_argument, "{}: its class is of letters, digits, '.', '_' and '-', as vendor.com/class",
                quote(text));
  return device_name{std::string(vendor), std::string(device_class), {}};
}

result<device_name> parse_device_name(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos)
    return fail(errc::invalid_argument, "{} names no CDI device: write vendor.com/class=name", quote(text));
  GANTRY_LET(auto made, parse_kind(text.substr(0, equals)));
  made.name = text.substr(equals + 1);
  if (!is_name(made.name, "_-.:", first::letter_or_digit))
    return fail(errc::invalid_argument, "{}: a CDI device's name is of letters, digits, '.', '_', '-' and ':'",
                quote(text));
  return made;
}

std::string to_string(const device_name& name) { return name.vendor + "/" + name.device_class + "=" + name.name; }

void container_edits::append(const container_edits& other) {
  add(env, other.env);
  add(device_nodes, other.device_nodes);
  add(mounts, other.mounts);
  add(hooks, other.hooks);
  add(additional_gids, other.additional_gids);
  intel_rdt = intel_rdt || other.intel_rdt;
}

} // namespace gantry::cdi
