#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace gantry::test {

/// One tar header as a test wants it, lies included.
struct tar_header {
  std::string name;
  char type = '0'; ///< typeflag: 0 file, 1 hard link, 2 symlink, 3 char device, 4 block device, 5 folder, 6 FIFO
  std::string content;
  std::string target;
  std::uint64_t mode = 0644, uid = 0, gid = 0;
  std::int64_t mtime = 1'700'000'000;
  std::uint64_t major_number = 0, minor_number = 0;
  std::map<std::string, std::string> pax; ///< extended records, e.g. {"mtime", "1.5"}
  std::string magic = std::string("ustar\0"
                                  "00",
                                  8);
};

inline tar_header header_of(std::string name, char type = '0', std::string target = "") {
  tar_header h;
  h.name = std::move(name);
  h.type = type;
  h.target = std::move(target);
  return h;
}

/// Builds a tar archive in memory, byte by byte (POSIX.1-2001, "ustar" and "pax" interchange formats). Names and
/// targets over 100 bytes become pax records.
class tar_writer {
public:
  tar_writer& add(tar_header header);
  /// Bytes as they are.
  tar_writer& raw(std::string_view bytes);
  /// The archive, with its two blocks of zeros.
  [[nodiscard]] std::string finish() const { return bytes_ + std::string(1024, '\0'); }
  [[nodiscard]] const std::string& unfinished() const { return bytes_; }

  // What tests use most.
  tar_writer& file(std::string name, std::string content = "", std::uint64_t mode = 0644);
  tar_writer& folder(std::string name, std::uint64_t mode = 0755);
  tar_writer& symlink(std::string name, std::string target);
  tar_writer& hardlink(std::string name, std::string target);

private:
  void block(const tar_header& header, std::uint64_t size);
  void padded(std::string_view content);

  std::string bytes_;
};

} // namespace gantry::test
