// libFuzzer: any bytes as a layer, by each decompressor, alone and on a parent. Needs root (mknod, trusted.*).
//   clang++ -std=c++20 -fsanitize=fuzzer,address,undefined -I. tests/fuzz/fuzz_layer.cpp <gantry_store and its
//   libraries>
// The first byte chooses: bits 0-1 the compression, bit 2 whether there is a parent.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "runtime/sys/files.hpp"
#include "store/layer/extract.hpp"

namespace {

using namespace gantry;
namespace fs = std::filesystem;

class input final : public store::byte_source {
public:
  input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  result<std::size_t> read(std::span<char> into) override {
    auto size = std::min(into.size(), left_);
    std::memcpy(into.data(), data_, size);
    data_ += size;
    left_ -= size;
    return size;
  }

private:
  const std::uint8_t* data_;
  std::size_t left_;
};

// <root>/canary lies outside the layer: it must stay as it is.
struct place {
  place() {
    char name[] = "/tmp/gantry-test-fuzz-XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    root = name;
    fs::create_directories(root + "/parent/d");
    fs::create_symlink("d", root + "/parent/l");
    if (!sys::write_file(root + "/canary", "untouched") || !sys::write_file(root + "/parent/d/f", "parent"))
      std::abort();
  }
  ~place() { (void)sys::remove_tree(root); }
  std::string root;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const place where;
  if (size == 0) return 0;
  const compression kinds[] = {compression::none, compression::gzip, compression::zstd, compression::none};
  const store::parent_view parents{{where.root + "/parent"}};
  auto folder = where.root + "/layer";
  fs::create_directory(folder);
  input source(data + 1, size - 1);
  store::layer_limits limits;
  limits.max_entries = 1000;
  limits.max_bytes = 4 << 20;
  (void)store::extract_layer(source, kinds[data[0] & 3], folder, limits, {}, (data[0] & 4) != 0 ? &parents : nullptr);
  if (sys::read_file(where.root + "/canary").value_or("") != "untouched") std::abort();
  if (std::distance(fs::directory_iterator(where.root), {}) != 3) std::abort();
  if (!sys::remove_tree(folder)) std::abort();
  return 0;
}
