#include "store/hash.hpp"

#include <openssl/evp.h>

#include <string>

namespace gantry::store {

struct hasher::state {
  digest::algorithm algo;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

hasher::hasher(digest::algorithm algo) : state_(std::make_unique<state>()) {
  state_->algo = algo;
  EVP_DigestInit_ex(state_->context.get(), algo == digest::algorithm::sha512 ? EVP_sha512() : EVP_sha256(), nullptr);
}
hasher::~hasher() = default;
hasher::hasher(hasher&&) noexcept = default;
hasher& hasher::operator=(hasher&&) noexcept = default;

void hasher::update(std::span<const char> bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

digest hasher::finish() {
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context.get(), raw, &size);
  return digest::from_bytes(state_->algo, std::string_view(reinterpret_cast<const char*>(raw), size));
}

digest digest_of(std::string_view content, digest::algorithm algo) {
  hasher h(algo);
  h.update(content);
  return h.finish();
}

} // namespace gantry::store
