#include "api/docker/render/file_info.hpp"

#include <sys/stat.h>

#include "api/docker/render/json.hpp"
#include "api/docker/render/words.hpp"
#include "messages/domain/base64.hpp"

namespace gantry::docker {

std::uint32_t go_file_mode(mode_t mode) {
  constexpr std::pair<mode_t, std::uint32_t> kinds[] = {{S_IFDIR, 1U << 31}, {S_IFLNK, 1U << 27},
                                                        {S_IFBLK, 1U << 26}, {S_IFCHR, 1U << 26 | 1U << 21},
                                                        {S_IFIFO, 1U << 25}, {S_IFSOCK, 1U << 24}};
  constexpr std::pair<mode_t, std::uint32_t> bits[] = {{S_ISUID, 1U << 23}, {S_ISGID, 1U << 22}, {S_ISVTX, 1U << 20}};
  std::uint32_t found = mode & 0777;
  for (auto [kind, value] : kinds)
    if ((mode & S_IFMT) == kind) found |= value;
  for (auto [bit, value] : bits)
    if ((mode & bit) != 0) found |= value;
  return found;
}

std::string path_stat_header(const file_info& of) {
  json made;
  made["name"] = of.name;
  made["size"] = of.size;
  made["mode"] = go_file_mode(of.mode);
  made["mtime"] = time_text(of.modified_at);
  made["linkTarget"] = of.link_target;
  return encode_base64(dump(made));
}

} // namespace gantry::docker
