#include "store/archive/plain_source.hpp"

#include <algorithm>
#include <string>

#include "store/archive/bzip2_source.hpp"
#include "store/archive/xz_source.hpp"
#include "store/layer/decompress.hpp"

namespace gantry::store {
namespace {

using std::literals::string_view_literals::operator""sv;

constexpr std::size_t longest_magic = 6;

/// A source whose first bytes were looked at.
class peeked final : public byte_source {
public:
  explicit peeked(byte_source& from) : from_(from) {}

  result<std::string_view> peek(std::size_t count) {
    while (head_.size() < count) {
      char bytes[longest_magic];
      GANTRY_LET(const auto got, from_.read(std::span(bytes, count - head_.size())));
      if (got == 0) break;
      head_.append(bytes, got);
    }
    return std::string_view(head_);
  }

  result<std::size_t> read(std::span<char> into) override {
    if (head_.empty()) return from_.read(into);
    const auto some = std::min(into.size(), head_.size());
    std::copy_n(head_.begin(), some, into.begin());
    head_.erase(0, some);
    return some;
  }

private:
  byte_source& from_;
  std::string head_;
};

/// A decompressor with the source that it reads.
class owning final : public byte_source {
public:
  owning(std::unique_ptr<byte_source> outer, std::unique_ptr<byte_source> inner)
      : inner_(std::move(inner)), outer_(std::move(outer)) {}
  result<std::size_t> read(std::span<char> into) override { return outer_->read(into); }

private:
  std::unique_ptr<byte_source> inner_, outer_; // the outer one goes first
};

std::unique_ptr<byte_source> decompressor(byte_source& from, std::string_view begin) {
  if (begin.starts_with("\x1f\x8b"sv)) return decompress(from, compression::gzip);
  if (begin.starts_with("\x28\xb5\x2f\xfd"sv)) return decompress(from, compression::zstd);
  if (begin.starts_with("BZh"sv)) return std::make_unique<bzip2_source>(from);
  if (begin.starts_with("\xfd"
                        "7zXZ\0"sv))
    return std::make_unique<xz_source>(from);
  return nullptr;
}

} // namespace

result<std::unique_ptr<byte_source>> plain_source(byte_source& from) {
  auto looked_at = std::make_unique<peeked>(from);
  GANTRY_LET(const auto begin, looked_at->peek(longest_magic));
  auto plain = decompressor(*looked_at, begin);
  if (!plain) return std::unique_ptr<byte_source>(std::move(looked_at));
  return std::unique_ptr<byte_source>(std::make_unique<owning>(std::move(plain), std::move(looked_at)));
}

} // namespace gantry::store
