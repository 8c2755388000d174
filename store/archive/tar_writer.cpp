#include "store/archive/tar_writer.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

namespace gantry::store {
namespace {

constexpr std::size_t block = 512, enough = 64 << 10;

/// A field of a ustar header: where it is and how long.
struct field {
  std::size_t at, size;
};
constexpr field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8}, size_field{124, 12},
    time_field{136, 12}, sum_field{148, 8}, type_field{156, 1}, link_field{157, 100}, magic_field{257, 8},
    major_field{329, 8}, minor_field{337, 8};

class header {
public:
  void text(field where, std::string_view value) {
    value = value.substr(0, where.size);
    std::copy(value.begin(), value.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(where.at));
  }
  /// Octal digits and a NUL. False when the field is too short: it is left zero.
  bool number(field where, std::int64_t value) {
    const bool fits = value >= 0 && value < std::int64_t{1} << (3 * (where.size - 1));
    text(where, fmt::format("{:0{}o}", fits ? value : 0, where.size - 1));
    return fits;
  }
  [[nodiscard]] std::string sealed() {
    text(magic_field, {"ustar\00000", 8});
    text(sum_field, "        ");
    unsigned sum = 0;
    for (char c : bytes_) sum += static_cast<unsigned char>(c);
    text(sum_field, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return {bytes_.data(), bytes_.size()};
  }

private:
  std::array<char, block> bytes_{};
};

/// "<length> <key>=<value>\n", where the length counts its own digits.
std::string record(std::string_view key, std::string_view value) {
  const auto rest = key.size() + value.size() + 3;
  auto length = rest + 1;
  while (rest + std::to_string(length).size() != length) length = rest + std::to_string(length).size();
  return fmt::format("{} {}={}\n", length, key, value);
}

std::size_t padding_of(std::uint64_t size) { return static_cast<std::size_t>((block - size % block) % block); }

char type_of(entry_kind kind) {
  switch (kind) {
  case entry_kind::file:
    return '0';
  case entry_kind::hardlink:
    return '1';
  case entry_kind::symlink:
    return '2';
  case entry_kind::char_device:
    return '3';
  case entry_kind::block_device:
    return '4';
  case entry_kind::folder:
    return '5';
  case entry_kind::fifo:
    return '6';
  }
  return '0';
}

/// Fills what the header can hold; the rest becomes records.
std::string fill(header& into, const tar_entry& entry) {
  std::string records;
  auto number = [&](field where, std::int64_t value, std::string_view key) {
    if (!into.number(where, value)) records += record(key, std::to_string(value));
  };
  auto text = [&](field where, std::string_view value, std::string_view key) {
    into.text(where, value);
    if (value.size() > where.size) records += record(key, value);
  };
  text(name_field, entry.name, "path");
  text(link_field, entry.target, "linkpath");
  number(uid_field, entry.attrs.uid, "uid");
  number(gid_field, entry.attrs.gid, "gid");
  number(size_field, entry.kind == entry_kind::file ? static_cast<std::int64_t>(entry.size) : 0, "size");
  number(time_field, entry.attrs.mtime.tv_sec, "mtime");
  into.number(mode_field, entry.attrs.mode);
  into.number(major_field, major(entry.device));
  into.number(minor_field, minor(entry.device));
  into.text(type_field, std::string(1, type_of(entry.kind)));
  for (const auto& one : entry.attrs.xattrs) records += record("SCHILY.xattr." + one.name, one.value);
  return records;
}

/// The extended header that says `records` of the entry that follows.
std::string extended(const std::string& records) {
  header made;
  made.text(name_field, "PaxHeaders/entry");
  made.number(mode_field, 0644);
  made.number(uid_field, 0);
  made.number(gid_field, 0);
  made.number(size_field, static_cast<std::int64_t>(records.size()));
  made.number(time_field, 0);
  made.text(type_field, "x");
  return made.sealed() + records + std::string(padding_of(records.size()), '\0');
}

} // namespace

std::optional<entry_kind> entry_kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFREG:
    return entry_kind::file;
  case S_IFDIR:
    return entry_kind::folder;
  case S_IFLNK:
    return entry_kind::symlink;
  case S_IFCHR:
    return entry_kind::char_device;
  case S_IFBLK:
    return entry_kind::block_device;
  case S_IFIFO:
    return entry_kind::fifo;
  default:
    return std::nullopt;
  }
}

result<void> tar_writer::put(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() < enough) return {};
  return to_.write(std::exchange(buffer_, {}));
}

result<void> tar_writer::end_entry() {
  static constexpr std::array<char, 16 << 10> zeros{};
  for (left_ += std::exchange(padding_, 0); left_ > 0;) {
    const auto piece = std::min<std::uint64_t>(left_, zeros.size());
    left_ -= piece;
    GANTRY_TRY(put({zeros.data(), static_cast<std::size_t>(piece)}));
  }
  return {};
}

result<void> tar_writer::add(const tar_entry& entry) {
  GANTRY_TRY(end_entry());
  header made;
  const auto records = fill(made, entry);
  if (!records.empty()) GANTRY_TRY(put(extended(records)));
  if (entry.kind == entry_kind::file) {
    left_ = entry.size;
    padding_ = padding_of(entry.size);
  }
  return put(made.sealed());
}

result<void> tar_writer::content(std::string_view piece) {
  piece = piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece.size())));
  left_ -= piece.size();
  return put(piece);
}

result<void> tar_writer::finish() {
  GANTRY_TRY(end_entry());
  buffer_.append(2 * block, '\0');
  return to_.write(std::exchange(buffer_, {}));
}

} // namespace gantry::store
