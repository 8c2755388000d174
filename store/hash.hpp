#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "messages/domain/digest.hpp"

namespace gantry::store {

/// Computes a digest incrementally (OpenSSL). One thread at a time.
class hasher {
public:
  explicit hasher(digest::algorithm algo = digest::algorithm::sha256);
  ~hasher();
  hasher(hasher&&) noexcept;
  hasher& operator=(hasher&&) noexcept;

  void update(std::span<const char> bytes);
  /// The digest of all bytes so far; the hasher may not be used after it.
  digest finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};

digest digest_of(std::string_view content, digest::algorithm algo = digest::algorithm::sha256);

} // namespace gantry::store
