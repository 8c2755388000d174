#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "messages/domain/digest.hpp"

namespace gantry {

/// Where an image is: "docker.io/library/alpine:3.19@sha256:…", by the rules of the `docker` client
/// (github.com/distribution/reference, "Grammar"): `alpine` is docker.io/library/alpine:latest.
struct reference {
  std::string domain;     ///< "docker.io", "localhost:5000", "[::1]:5000"
  std::string repository; ///< "library/alpine"; lower case
  std::string tag;        ///< empty only when there is a digest
  digest content;         ///< empty unless the reference is pinned

  /// Errors: invalid_argument, with the rule that was broken.
  static result<reference> parse(std::string_view text);

  [[nodiscard]] std::string name() const;          ///< "docker.io/library/alpine"
  [[nodiscard]] std::string str() const;           ///< the whole canonical form
  [[nodiscard]] std::string familiar() const;      ///< as docker prints it: "alpine:latest", "localhost:5000/a:b"
  [[nodiscard]] std::string familiar_name() const; ///< "alpine"
  /// What goes into /v2/<name>/manifests/<this>: the digest when pinned, else the tag.
  [[nodiscard]] std::string target() const;

  friend auto operator<=>(const reference&, const reference&) = default;
};

} // namespace gantry
