#pragma once

#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::docker {

inline constexpr std::string_view api_version = "1.47"; ///< what clients are told to speak
inline constexpr int api_minor_default = 47;
inline constexpr int api_minor_min = 24;
inline constexpr int api_minor_max = 51; ///< newer requests than the one told are read as far as they are known

/// A path taken apart: "/v1.41/containers/json" is minor 41 and "/containers/json".
struct versioned_path {
  int minor = api_minor_default;
  std::string path;
};

/// Errors: invalid_argument in dockerd's words, for a version too old or too new.
result<versioned_path> split_version(std::string_view path);

} // namespace gantry::docker
