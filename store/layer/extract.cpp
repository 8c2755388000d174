#include "store/layer/extract.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "store/layer/decompress.hpp"
#include "store/layer/layer_tree.hpp"
#include "store/layer/tar_reader.hpp"

namespace gantry::store {
namespace {

/// One layer on its way from the tar reader into the tree.
class extraction {
public:
  extraction(tar_reader& from, layer_tree& into, const layer_limits& limits, byte_budget& budget)
      : from_(from), into_(into), limits_(limits), budget_(budget) {}

  result<std::uint64_t> run();

private:
  result<void> add(const tar_entry& entry);
  result<void> add_content(const entry_name& name, const tar_entry& entry);
  result<void> add_device(const entry_name& name, const tar_entry& entry);
  result<void> add_whiteout(const entry_name& name, const tar_entry& entry);
  result<void> write_content(int fd, const tar_entry& entry);

  tar_reader& from_;
  layer_tree& into_;
  const layer_limits& limits_;
  byte_budget& budget_;
};

result<void> write_at(int fd, std::span<const char> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    auto put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "write it");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

result<void> extraction::write_content(int fd, const tar_entry& entry) {
  tar_reader::block block;
  std::uint64_t end = 0;
  for (;;) {
    GANTRY_LET(auto more, from_.next_block(block));
    if (!more) break;
    if (block.offset > entry.size || block.bytes.size() > entry.size - block.offset)
      return fail(errc::corrupt, "its content goes beyond its size of {} bytes", entry.size);
    GANTRY_TRY(write_at(fd, block.bytes, block.offset));
    end = std::max(end, block.offset + block.bytes.size());
  }
  if (end < entry.size && ::ftruncate(fd, static_cast<off_t>(entry.size)) != 0) return fail_errno(errno, "extend it");
  return {};
}

result<void> extraction::add_content(const entry_name& name, const tar_entry& entry) {
  GANTRY_TRY(budget_.take(entry.size)); // before the first byte, as headers may lie
  GANTRY_LET(auto fd, into_.add_file(name, entry.attrs.mode));
  GANTRY_TRY(write_content(fd.get(), entry));
  return finish_file(fd.get(), entry.attrs, into_.defaults());
}

result<void> extraction::add_device(const entry_name& name, const tar_entry& entry) {
  if (limits_.devices == device_policy::deny && entry.kind != entry_kind::fifo)
    return fail(errc::denied, "device nodes in layers are forbidden here");
  return into_.add_special(name, entry);
}

result<void> extraction::add_whiteout(const entry_name& name, const tar_entry& entry) {
  if (entry.kind != entry_kind::file && entry.kind != entry_kind::hardlink)
    return fail(errc::corrupt, "a whiteout must be an empty file");
  return name.role == name_role::opaque ? into_.hide_all(name.folder) : into_.hide(name);
}

result<void> extraction::add(const tar_entry& entry) {
  GANTRY_LET(auto name, parse_entry_name(entry.name, limits_.max_depth));
  if (name.role == name_role::ignored) return {};
  if (name.role != name_role::entry) return add_whiteout(name, entry);
  switch (entry.kind) {
  case entry_kind::file:
    return add_content(name, entry);
  case entry_kind::folder:
    return into_.add_folder(name, entry.attrs);
  case entry_kind::symlink:
    return into_.add_symlink(name, entry.target, entry.attrs);
  case entry_kind::hardlink: {
    auto target = split_name(entry.target, limits_.max_depth);
    if (!target) return within(target.error(), "hard link to \"{}\"", printable(entry.target));
    return into_.add_hardlink(name, *target);
  }
  case entry_kind::char_device:
  case entry_kind::block_device:
  case entry_kind::fifo:
    break;
  }
  return add_device(name, entry);
}

result<std::uint64_t> extraction::run() {
  tar_entry entry;
  for (std::uint64_t entries = 0;;) {
    auto more = from_.next(entry);
    if (!more && entry.name.empty()) return within(more.error(), "layer entry {}", entries + 1);
    if (!more) return within(more.error(), "layer entry \"{}\"", printable(entry.name));
    if (!*more) return entries;
    if (++entries > limits_.max_entries)
      return fail(errc::exhausted, "layer entry \"{}\": the layer has more than the limit of {} entries",
                  printable(entry.name), limits_.max_entries);
    if (auto done = add(entry); !done) return within(done.error(), "layer entry \"{}\"", printable(entry.name));
  }
}

result<extracted_layer> extract_into(layer_tree& tree, tar_reader& reader, const layer_limits& limits,
                                     byte_budget& budget) {
  extracted_layer layer;
  auto entries = extraction(reader, tree, limits, budget).run();
  if (tree.needs_parents()) {
    layer.needs_parents = true;
    return layer;
  }
  GANTRY_LET(layer.entries, std::move(entries));
  GANTRY_LET(layer.diff_id, reader.finish());
  GANTRY_TRY(tree.finish());
  layer.bytes = budget.used;
  layer.root_listed = tree.root_listed();
  layer.used_parents = tree.used_parents();
  return layer;
}

} // namespace

result<extracted_layer> extract_layer(byte_source& compressed, compression how, const std::string& folder,
                                      const layer_limits& limits, const std::function<bool()>& cancelled,
                                      const parent_view* parents) {
  std::optional<lower_tree> lower;
  if (parents != nullptr) {
    GANTRY_LET(lower, lower_tree::open(*parents));
  }
  byte_budget budget{.max = limits.max_bytes};
  GANTRY_LET(auto tree, layer_tree::open(folder, lower ? &*lower : nullptr, budget));
  auto plain = decompress(compressed, how);
  tar_reader reader(*plain, cancelled, limits.max_bytes);
  return extract_into(tree, reader, limits, budget);
}

} // namespace gantry::store
