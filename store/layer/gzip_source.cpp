#include "store/layer/gzip_source.hpp"

#include <isa-l/igzip_lib.h>

#include <array>
#include <cstring>

namespace gantry::store {
namespace {

constexpr std::size_t input_bytes = 256 * 1024;
// ISA-L reads up to eight bytes ahead and, at a member's end, gives them back by moving next_in to the left, even
// when they came from an earlier buffer. So the last bytes of that buffer stay in front of the next one.
constexpr std::size_t headroom = 16;

} // namespace

struct gzip_source::state {
  inflate_state inflate{};
  isal_gzip_header header{};
  std::array<unsigned char, headroom + input_bytes> input{};
  bool in_member = false, in_header = false, any_member = false, at_end = false;
};

gzip_source::gzip_source(byte_source& compressed) : from_(compressed), state_(std::make_unique<state>()) {
  isal_inflate_init(&state_->inflate);
  state_->inflate.next_in = state_->input.data() + headroom;
}
gzip_source::~gzip_source() = default;

result<void> gzip_source::refill() {
  auto& s = *state_;
  if (s.inflate.avail_in > 0 || s.at_end) return {};
  std::memmove(s.input.data(), s.inflate.next_in - headroom, headroom);
  std::span<char> space(reinterpret_cast<char*>(s.input.data()) + headroom, input_bytes);
  GANTRY_LET(auto got, from_.read(space));
  s.at_end = got == 0;
  s.inflate.next_in = s.input.data() + headroom;
  s.inflate.avail_in = static_cast<std::uint32_t>(got);
  return {};
}

// False at the end of the stream, after at least one member.
result<bool> gzip_source::begin_member() {
  auto& s = *state_;
  for (;;) {
    GANTRY_TRY(refill());
    if (s.inflate.avail_in == 0 && !s.in_header && s.any_member) return false;
    if (s.inflate.avail_in == 0) return fail(errc::corrupt, "the gzip stream is truncated in a header");
    if (!s.in_header) {
      isal_inflate_reset(&s.inflate);
      s.inflate.crc_flag = ISAL_GZIP_NO_HDR_VER; // the header is read below, the trailer verified by ISA-L
      isal_gzip_header_init(&s.header);
      s.in_header = true;
    }
    auto status = isal_read_gzip_header(&s.inflate, &s.header);
    if (status == ISAL_END_INPUT) continue;
    if (status != ISAL_DECOMP_OK) {
      return fail(errc::corrupt, "{} (gzip header, code {})",
                  s.any_member ? "there are bytes after the gzip stream's end" : "this is not a gzip stream", status);
    }
    s.in_header = false;
    s.in_member = s.any_member = true;
    return true;
  }
}

result<void> gzip_source::inflate_into(std::span<char> into) {
  auto& s = *state_;
  s.inflate.next_out = reinterpret_cast<std::uint8_t*>(into.data());
  s.inflate.avail_out = static_cast<std::uint32_t>(into.size());
  auto status = isal_inflate(&s.inflate);
  if (status == ISAL_INCORRECT_CHECKSUM) return fail(errc::corrupt, "the gzip stream's checksum is wrong");
  if (status < 0 || status == ISAL_NEED_DICT)
    return fail(errc::corrupt, "the gzip stream is damaged (code {})", status);
  return {};
}

result<std::size_t> gzip_source::read(std::span<char> into) {
  auto& s = *state_;
  into = into.first(std::min(into.size(), std::size_t{1} << 30)); // ISA-L counts in 32 bits
  while (!into.empty()) {
    if (!s.in_member) {
      GANTRY_LET(auto more, begin_member());
      if (!more) return 0;
    }
    GANTRY_TRY(refill());
    GANTRY_TRY(inflate_into(into));
    auto made = into.size() - s.inflate.avail_out;
    if (s.inflate.block_state == ISAL_BLOCK_FINISH) s.in_member = false;
    if (made > 0) return made;
    if (s.in_member && s.at_end) return fail(errc::corrupt, "the gzip stream is truncated");
  }
  return 0;
}

} // namespace gantry::store
