#include "messages/domain/digest.hpp"

#include <algorithm>

#include "messages/domain/quote.hpp"

namespace gantry {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::size_t hex_length(digest::algorithm algo) { return algo == digest::algorithm::sha256 ? 64 : 128; }

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

result<digest::algorithm> parse_algorithm(std::string_view name) {
  if (name == "sha256") return digest::algorithm::sha256;
  if (name == "sha512") return digest::algorithm::sha512;
  return fail(errc::invalid_argument, "digest algorithm {} is not supported: use sha256 or sha512", quote(name));
}

} // namespace

std::string_view to_string(digest::algorithm algo) { return algo == digest::algorithm::sha512 ? "sha512" : "sha256"; }

result<digest> digest::parse(std::string_view text) {
  auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return fail(errc::invalid_argument, "digest {} is not of the form sha256:<64 hex digits>", quote(text));
  GANTRY_LET(auto algo, parse_algorithm(text.substr(0, colon)));
  auto hex = text.substr(colon + 1);
  if (hex.size() != hex_length(algo))
    return fail(errc::invalid_argument, "digest {} has {} hex digits where {} has {}", quote(text), hex.size(),
                to_string(algo), hex_length(algo));
  if (!std::all_of(hex.begin(), hex.end(), is_lower_hex))
    return fail(errc::invalid_argument, "digest {} must be of lower-case hex digits alone", quote(text));
  digest parsed;
  parsed.algo_ = algo;
  parsed.hex_ = hex;
  return parsed;
}

digest digest::from_bytes(algorithm algo, std::string_view raw) {
  digest made;
  // Anything but a whole hash stays an empty digest, which equals no content's.
  if (raw.size() * 2 != hex_length(algo)) return made;
  made.algo_ = algo;
  made.hex_.reserve(raw.size() * 2);
  for (auto byte : raw) {
    auto value = static_cast<unsigned char>(byte);
    made.hex_.push_back(hex_digits[value >> 4]);
    made.hex_.push_back(hex_digits[value & 15]);
  }
  return made;
}

std::string digest::str() const { return empty() ? std::string() : std::string(to_string(algo_)) + ":" + hex_; }

} // namespace gantry
