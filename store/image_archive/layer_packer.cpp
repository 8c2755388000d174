#include "store/image_archive/layer_packer.hpp"

#include <isa-l/igzip_lib.h>

#include <vector>

namespace gantry::store {
namespace {

constexpr std::size_t output_bytes = 256u << 10;
constexpr std::size_t most_at_once = 1u << 30; // ISA-L counts in 32 bits

} // namespace

struct layer_packer::state {
  staging::file file;
  hasher plain{};
  isal_zstream stream{};
  std::vector<std::uint8_t> level = std::vector<std::uint8_t>(ISAL_DEF_LVL1_DEFAULT);
  std::vector<std::uint8_t> output = std::vector<std::uint8_t>(output_bytes);

  explicit state(staging::file into) : file(std::move(into)) {
    isal_deflate_init(&stream);
    stream.gzip_flag = IGZIP_GZIP;
    stream.level = 1;
    stream.level_buf = level.data();
    stream.level_buf_size = static_cast<std::uint32_t>(level.size());
  }
};

layer_packer::layer_packer(std::unique_ptr<state> made) : state_(std::move(made)) {}
layer_packer::~layer_packer() = default;

result<std::unique_ptr<layer_packer>> layer_packer::begin(staging& into) {
  GANTRY_LET(auto file, into.begin());
  return std::unique_ptr<layer_packer>(new layer_packer(std::make_unique<state>(std::move(file))));
}

result<void> layer_packer::deflate(std::string_view tar, bool last) {
  auto& s = *state_;
  s.stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(tar.data())); // ISA-L only reads it
  s.stream.avail_in = static_cast<std::uint32_t>(tar.size());
  s.stream.end_of_stream = last ? 1 : 0;
  do {
    s.stream.next_out = s.output.data();
    s.stream.avail_out = static_cast<std::uint32_t>(s.output.size());
    if (auto code = isal_deflate(&s.stream); code != COMP_OK)
      return fail(errc::internal, "gzip failed (code {})", code);
    std::string_view made(reinterpret_cast<const char*>(s.output.data()), s.output.size() - s.stream.avail_out);
    GANTRY_TRY(s.file.write(made));
  } while (s.stream.avail_out == 0 || s.stream.avail_in > 0);
  return {};
}

result<void> layer_packer::write(std::string_view tar) {
  state_->plain.update(std::span(tar.data(), tar.size()));
  while (!tar.empty()) {
    auto piece = tar.substr(0, most_at_once);
    GANTRY_TRY(deflate(piece, false));
    tar.remove_prefix(piece.size());
  }
  return {};
}

result<layer_packer::packed> layer_packer::end() {
  GANTRY_TRY(deflate({}, true));
  return packed{state_->file.end(), state_->plain.finish()};
}

} // namespace gantry::store
