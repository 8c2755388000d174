#include "api/cri/streaming/spdy/header_block.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

#include "api/cri/streaming/spdy/big_endian.hpp"
#include "api/cri/streaming/spdy/dictionary.hpp"

namespace gantry::cri::spdy {
namespace {

/// zlib never writes through next_in; its type is older than const.
Bytef* bytes_of(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

/// Cuts numbers and counted strings off the front of a block.
class cursor {
public:
  explicit cursor(std::string_view block) : left_(block) {}

  result<std::uint32_t> number() {
    if (left_.size() < 4) return fail(errc::corrupt, "spdy: a header block ends within a length");
    auto value = u32_at(left_, 0);
    left_.remove_prefix(4);
    return value;
  }
  result<std::string> counted() {
    GANTRY_LET(auto length, number());
    if (length > left_.size())
      return fail(errc::corrupt, "spdy: a header of {} bytes in a block with {} left", length, left_.size());
    std::string value(left_.substr(0, length));
    left_.remove_prefix(length);
    return value;
  }
  [[nodiscard]] std::size_t left() const { return left_.size(); }

private:
  std::string_view left_;
};

bool is_name(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

result<header_list> parse(std::string_view block) {
  cursor at(block);
  GANTRY_LET(auto count, at.number());
  if (count > max_headers) return fail(errc::corrupt, "spdy: {} headers in one block", count);
  header_list made;
  for (std::uint32_t i = 0; i < count; ++i) {
    GANTRY_LET(auto name, at.counted());
    GANTRY_LET(auto value, at.counted());
    if (!is_name(name)) return fail(errc::corrupt, "spdy: a header's name is empty or has capitals");
    auto same = [&name](const auto& other) { return other.first == name; };
    if (std::any_of(made.begin(), made.end(), same)) return fail(errc::corrupt, "spdy: a header occurs twice");
    made.emplace_back(std::move(name), std::move(value));
  }
  if (at.left() != 0) return fail(errc::corrupt, "spdy: {} bytes too many in a header block", at.left());
  return made;
}

} // namespace

void header_inflater::end::operator()(z_stream_s* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

header_inflater::header_inflater() {
  auto made = std::make_unique<z_stream>();
  if (::inflateInit(made.get()) != Z_OK) throw std::bad_alloc();
  stream_.reset(made.release());
}

result<std::string> header_inflater::inflate(std::string_view block) {
  std::string out(max_header_bytes + 1, '\0');
  stream_->next_in = bytes_of(block);
  stream_->avail_in = static_cast<uInt>(block.size());
  stream_->next_out = bytes_of(out);
  stream_->avail_out = static_cast<uInt>(out.size());
  auto status = ::inflate(stream_.get(), Z_SYNC_FLUSH);
  if (status == Z_NEED_DICT) {
    const auto& words = dictionary();
    if (::inflateSetDictionary(stream_.get(), bytes_of(words), static_cast<uInt>(words.size())) != Z_OK)
      return fail(errc::corrupt, "spdy: headers are compressed with a dictionary of another protocol");
    status = ::inflate(stream_.get(), Z_SYNC_FLUSH);
  }
  out.resize(out.size() - stream_->avail_out);
  if (out.size() > max_header_bytes)
    return fail(errc::corrupt, "spdy: a header block grows beyond {} bytes", max_header_bytes);
  // Z_BUF_ERROR: nothing was left to do. The zlib stream's own end would leave later blocks without one.
  if ((status != Z_OK && status != Z_BUF_ERROR) || stream_->avail_in != 0)
    return fail(errc::corrupt, "spdy: a header block that zlib cannot expand ({})", status);
  return out;
}

result<header_list> header_inflater::expand(std::string_view block) {
  GANTRY_LET(auto plain, inflate(block));
  return parse(plain);
}

void header_deflater::end::operator()(z_stream_s* stream) const {
  ::deflateEnd(stream);
  delete stream;
}

header_deflater::header_deflater() {
  // A window of 2 KiB holds the dictionary and the few short blocks that are sent: 12 KB a connection and not 260.
  constexpr int window_bits = 11, memory_level = 1;
  auto made = std::make_unique<z_stream>();
  if (::deflateInit2(made.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::bad_alloc();
  stream_.reset(made.release());
  const auto& words = dictionary();
  ::deflateSetDictionary(stream_.get(), bytes_of(words), static_cast<uInt>(words.size()));
}

std::string header_deflater::compress(const header_list& headers) {
  std::string plain;
  append_u32(plain, static_cast<std::uint32_t>(headers.size()));
  for (const auto& [name, value] : headers) {
    append_counted(plain, name);
    append_counted(plain, value);
  }
  stream_->next_in = bytes_of(plain);
  stream_->avail_in = static_cast<uInt>(plain.size());
  std::string out;
  // All is flushed when deflate leaves room in its output (zlib.h, deflate, Z_SYNC_FLUSH).
  do {
    auto before = out.size();
    out.resize(before + plain.size() + 64);
    stream_->next_out = bytes_of(out) + before;
    stream_->avail_out = static_cast<uInt>(out.size() - before);
    ::deflate(stream_.get(), Z_SYNC_FLUSH);
    out.resize(out.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
  return out;
}

} // namespace gantry::cri::spdy
