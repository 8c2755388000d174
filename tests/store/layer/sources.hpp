#pragma once

#include <algorithm>
#include <string>

#include "store/archive/tar_writer.hpp"
#include "store/byte_source.hpp"

namespace gantry::test {

/// The bytes of a string, at most `piece` of them per read.
class string_source final : public store::byte_source {
public:
  explicit string_source(std::string bytes, std::size_t piece = 65536) : bytes_(std::move(bytes)), piece_(piece) {}

  result<std::size_t> read(std::span<char> into) override {
    auto size = std::min({into.size(), piece_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, size, into.data());
    at_ += size;
    return size;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

private:
  std::string bytes_;
  std::size_t piece_, at_ = 0;
};

/// Keeps what is written to it.
struct string_sink final : store::byte_sink {
  std::string bytes;
  result<void> write(std::string_view more) override {
    bytes += more;
    return {};
  }
};

/// `total` bytes of one value, for bombs.
class endless_source final : public store::byte_source {
public:
  endless_source(std::string first, std::uint64_t total) : first_(std::move(first)), left_(total) {}

  result<std::size_t> read(std::span<char> into) override {
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    for (std::size_t i = 0; i < size; ++i) into[i] = at_ < first_.size() ? first_[at_++] : '\0';
    left_ -= size;
    return size;
  }

private:
  std::string first_;
  std::size_t at_ = 0;
  std::uint64_t left_;
};

/// All bytes of `from`, or its error.
inline result<std::string> read_everything(store::byte_source& from, std::size_t piece = 65536) {
  std::string all, buffer(piece, '\0');
  for (;;) {
    GANTRY_LET(auto got, from.read(buffer));
    if (got == 0) return all;
    all.append(buffer, 0, got);
  }
}

} // namespace gantry::test
