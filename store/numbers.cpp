#include "store/numbers.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "runtime/sys/files.hpp"
#include "store/folder_name.hpp"

namespace gantry::store {
namespace {

constexpr std::uint64_t block = 64;

/// One more than the largest number that any name in `folder` holds, in whatever state that folder is.
result<std::uint64_t> after_all(const std::string& folder) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), &::closedir);
  if (!dir) return fail_errno(errno, "open {}", folder);
  std::uint64_t next = 1;
  while (auto* entry = ::readdir(dir.get())) next = std::max(next, folder_name::parse(entry->d_name).number + 1);
  return next;
}

} // namespace

result<numbers> numbers::open(std::string folder) {
  GANTRY_LET(auto next, after_all(folder));
  auto file = folder + "/next";
  auto text = sys::read_file(file, 64);
  if (!text && text.error().code != errc::not_found) return tl::unexpected(text.error());
  if (text && !text->empty() && text->back() == '\n') text->pop_back();
  if (text) next = std::max(next, parse_number(*text).value_or(1));
  return numbers(std::move(file), next);
}

result<std::uint64_t> numbers::next() {
  if (next_ == end_) {
    GANTRY_TRY(sys::write_file(file_, std::to_string(end_ + block) + "\n", 0600, sys::durability::synced));
    end_ += block;
  }
  return next_++;
}

} // namespace gantry::store
