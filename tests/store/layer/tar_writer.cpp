#include "tests/store/layer/tar_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gantry::test {
namespace {

// Octal, or base 256 when it does not fit (GNU's extension).
void number(char* field, std::size_t width, std::uint64_t value) {
  auto text = fmt::format("{:0{}o}", value, width - 1);
  if (text.size() < width) {
    std::copy_n(text.data(), text.size(), field);
    return;
  }
  for (std::size_t i = width; i-- > 0; value >>= 8) field[i] = static_cast<char>(value & 0xff);
  field[0] = static_cast<char>(field[0] | static_cast<char>(0x80));
}

void text(char* field, std::size_t width, const std::string& value) {
  std::copy_n(value.data(), std::min(width, value.size()), field);
}

// "<length> <key>=<value>\n", where the length counts its own digits.
std::string pax_record(const std::string& key, const std::string& value) {
  auto rest = fmt::format(" {}={}\n", key, value);
  auto size = rest.size() + 1;
  while (fmt::format("{}{}", size, rest).size() != size) ++size;
  return fmt::format("{}{}", size, rest);
}

} // namespace

void tar_writer::block(const tar_header& header, std::uint64_t size) {
  char b[512] = {};
  text(b, 100, header.name);
  number(b + 100, 8, header.mode);
  number(b + 108, 8, header.uid);
  number(b + 116, 8, header.gid);
  number(b + 124, 12, size);
  number(b + 136, 12, static_cast<std::uint64_t>(header.mtime));
  b[156] = header.type;
  text(b + 157, 100, header.target);
  text(b + 257, 8, header.magic);
  number(b + 329, 8, header.major_number);
  number(b + 337, 8, header.minor_number);
  std::memset(b + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : b) sum += static_cast<unsigned char>(c);
  auto checksum = fmt::format("{:06o}", sum);
  std::memcpy(b + 148, checksum.data(), 6);
  b[154] = '\0';
  bytes_.append(b, sizeof b);
}

void tar_writer::padded(std::string_view content) {
  bytes_ += content;
  bytes_.append((512 - content.size() % 512) % 512, '\0');
}

tar_writer& tar_writer::add(tar_header header) {
  if (header.name.size() > 100) header.pax.try_emplace("path", header.name);
  if (header.target.size() > 100) header.pax.try_emplace("linkpath", header.target);
  if (!header.pax.empty()) {
    std::string records;
    for (const auto& [key, value] : header.pax) records += pax_record(key, value);
    tar_header extended;
    extended.name = "pax";
    extended.type = 'x';
    block(extended, records.size());
    padded(records);
  }
  block(header, header.content.size());
  padded(header.content);
  return *this;
}

tar_writer& tar_writer::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

tar_writer& tar_writer::file(std::string name, std::string content, std::uint64_t mode) {
  tar_header h;
  h.name = std::move(name);
  h.content = std::move(content);
  h.mode = mode;
  return add(h);
}

tar_writer& tar_writer::folder(std::string name, std::uint64_t mode) {
  tar_header h;
  h.name = std::move(name);
  h.type = '5';
  h.mode = mode;
  return add(h);
}

tar_writer& tar_writer::symlink(std::string name, std::string target) {
  tar_header h;
  h.name = std::move(name);
  h.type = '2';
  h.target = std::move(target);
  h.mode = 0777;
  return add(h);
}

tar_writer& tar_writer::hardlink(std::string name, std::string target) {
  tar_header h;
  h.name = std::move(name);
  h.type = '1';
  h.target = std::move(target);
  return add(h);
}

} // namespace gantry::test
