#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry {

/// A content digest, "sha256:<64 hex>" or "sha512:<128 hex>", lower case (OCI image-spec descriptor.md, "Digests").
/// An object holds nothing else, so it can become part of a path or URL. A default-constructed one is empty.
class digest {
public:
  enum class algorithm : std::uint8_t { sha256, sha512 };

  digest() = default;

  /// Parses strictly: a registered algorithm, exact length, lower-case hex. Errors: invalid_argument.
  static result<digest> parse(std::string_view text);

  /// Of `raw` bytes that a hash function returned (32 or 64 of them, by algorithm).
  static digest from_bytes(algorithm algo, std::string_view raw);

  [[nodiscard]] algorithm algo() const { return algo_; }
  [[nodiscard]] const std::string& hex() const { return hex_; }
  [[nodiscard]] bool empty() const { return hex_.empty(); }
  [[nodiscard]] std::string str() const; ///< "sha256:…"; empty for an empty digest

  friend auto operator<=>(const digest&, const digest&) = default;

private:
  algorithm algo_ = algorithm::sha256;
  std::string hex_;
};

std::string_view to_string(digest::algorithm algo);

} // namespace gantry

template<>
struct std::hash<gantry::digest> {
  std::size_t operator()(const gantry::digest& d) const noexcept { return std::hash<std::string>{}(d.hex()); }
};
