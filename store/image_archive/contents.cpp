#include "store/image_archive/contents.hpp"

#include <algorithm>
#include <vector>

#include "store/archive/plain_source.hpp"
#include "store/layer/entry_name.hpp"
#include "store/layer/tar_reader.hpp"

namespace gantry::store {
namespace {

constexpr std::size_t max_depth = 16;
constexpr std::size_t max_name = 512; // bytes; all names are held
constexpr int max_links = 16;

/// A symlink's target, from the top: "a/b/../c" of "x/y" is "x/a/c". Errors: corrupt when it leads out of the archive.
result<std::string> resolve(std::string_view of, std::string_view target) {
  if (target.starts_with('/')) return fail(errc::corrupt, "a link to the absolute path {}", printable(target));
  auto way = components(of);
  if (!way.empty()) way.pop_back();
  for (auto& part : components(target)) {
    if (part != "..")
      way.push_back(std::move(part));
    else if (way.empty())
      return fail(errc::corrupt, "a link that leads out of the archive, to {}", printable(target));
    else
      way.pop_back();
  }
  return join(way);
}

/// The hash function that an OCI image layout names a blob by.
digest::algorithm algorithm_of(std::string_view name) {
  return name.starts_with("blobs/sha512/") ? digest::algorithm::sha512 : digest::algorithm::sha256;
}

result<staging::piece> take(tar_reader& from, const tar_entry& entry, staging& into, digest::algorithm algo) {
  GANTRY_LET(auto file, into.begin(algo));
  tar_reader::block block;
  for (std::uint64_t at = 0;;) {
    GANTRY_LET(auto more, from.next_block(block));
    // A hole of terabytes costs a header nothing: no tool writes archives of images with any.
    if (block.offset != at || (!more && at != entry.size)) return fail(errc::corrupt, "the file is sparse or cut off");
    if (!more) return file.end();
    GANTRY_TRY(file.write({block.bytes.data(), block.bytes.size()}));
    at += block.bytes.size();
    block = {{}, at};
  }
}

} // namespace

result<void> archive_contents::add(tar_reader& from, const tar_entry& entry) {
  GANTRY_LET(auto parts, split_name(entry.name, max_depth));
  if (entry.kind == entry_kind::folder) return {};
  auto name = join(parts);
  node made;
  if (std::max(name.size(), entry.target.size()) > max_name)
    return fail(errc::corrupt, "names in an archive of images have at most {} bytes", max_name);
  if (entry.kind == entry_kind::file) {
    GANTRY_LET(made.piece, take(from, entry, *pieces_, algorithm_of(name)));
  } else if (entry.kind == entry_kind::symlink) {
    GANTRY_LET(made.target, resolve(name, entry.target));
    made.is_link = true;
  } else if (entry.kind == entry_kind::hardlink) {
    GANTRY_LET(auto target, split_name(entry.target, max_depth));
    made.target = join(target);
    made.is_link = true;
  } else {
    return fail(errc::corrupt, "an archive of images holds no devices or FIFOs");
  }
  if (!files_.emplace(std::move(name), std::move(made)).second)
    return fail(errc::corrupt, "the archive has it twice: refused, since each could be meant");
  return {};
}

result<archive_contents> archive_contents::read(byte_source& from, std::shared_ptr<staging> into,
                                                const archive_limits& limits) {
  archive_contents made(std::move(into));
  GANTRY_LET(auto plain, plain_source(from));
  const std::function<bool()> never; // a client that goes away ends its bytes, and so this
  tar_reader reader(*plain, never, limits.max_bytes);
  tar_entry entry;
  for (std::uint64_t entries = 0;;) {
    auto more = reader.next(entry);
    if (!more) return within(more.error(), "archive entry {} {}", entries + 1, printable(entry.name));
    if (!*more) break;
    if (++entries > limits.max_entries)
      return fail(errc::exhausted, "the archive has more than the limit of {} entries", limits.max_entries);
    if (auto added = made.add(reader, entry); !added)
      return within(added.error(), "archive entry {}", printable(entry.name));
  }
  GANTRY_TRY(reader.finish());
  return made;
}

bool archive_contents::has(std::string_view name) const { return files_.contains(name); }

result<staging::piece> archive_contents::file(std::string_view name) const {
  auto found = files_.find(name);
  for (int links = 0; found != files_.end() && found->second.is_link; ++links) {
    if (links == max_links) return fail(errc::corrupt, "{} is a link to a link, without end", printable(name));
    found = files_.find(found->second.target);
  }
  if (found == files_.end()) return fail(errc::not_found, "the archive has no file {}", printable(name));
  return found->second.piece;
}

result<std::string> archive_contents::text(std::string_view name, std::size_t limit) const {
  GANTRY_LET(auto piece, file(name));
  auto bytes = pieces_->read_whole(piece, limit);
  if (!bytes) return within(bytes.error(), "{}", printable(name));
  return bytes;
}

} // namespace gantry::store
