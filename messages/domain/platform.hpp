#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry {

/// OCI image-spec image-index.md, "platform". Values are Go's (amd64, arm64, …).
struct platform {
  std::string os = "linux";
  std::string architecture;
  std::string variant; ///< "v8", "v7", …; empty when the architecture has none

  /// "linux/arm64/v8", "linux/amd64", "arm64" (containerd's normalisation: x86_64, aarch64, armhf, … too).
  static result<platform> parse(std::string_view text);
  static platform host();

  [[nodiscard]] std::string str() const;

  friend bool operator==(const platform&, const platform&) = default;
};

/// How well an image for `offered` serves a host of `wanted`: 0 not at all, larger is better
/// (arm64/v8 equals arm64; an arm v7 host runs v6 and v5 too; amd64 runs no 386 unless asked).
int match(const platform& wanted, const platform& offered);

} // namespace gantry
