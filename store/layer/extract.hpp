#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "messages/domain/descriptor.hpp"
#include "messages/domain/digest.hpp"
#include "messages/domain/error.hpp"
#include "store/byte_source.hpp"

namespace gantry::store {

/// What a device node in a layer leads to. Nodes are harmless until mounted without `nodev`, so they are kept by
/// default, as every engine does; the container's device cgroup decides what may be opened.
enum class device_policy : std::uint8_t { keep, deny };

/// Bounds of one layer; over any of them the extraction fails with `exhausted` (devices: `denied`).
struct layer_limits {
  std::uint64_t max_entries = 2'000'000; ///< tar entries, whiteouts and repeated names included
  std::uint64_t max_bytes = 64ULL << 30; ///< of the uncompressed stream, and of the sum of apparent file sizes
  std::size_t max_depth = 512;           ///< components of one name
  device_policy devices = device_policy::keep;
};

/// The extracted folders of a layer's parents, topmost first. Empty for the base layer of an image.
struct parent_view {
  std::vector<std::string> folders;
};

/// What came of one layer.
struct extracted_layer {
  digest diff_id;             ///< of the uncompressed stream to its very end; empty when needs_parents
  std::uint64_t bytes = 0;    ///< sum of the apparent sizes of files
  std::uint64_t entries = 0;  ///< tar entries read
  bool needs_parents = false; ///< not finished: discard the folder, extract again with the parents' folders
  bool used_parents = false;  ///< the folder fits these parents alone: key it by chainID, never by diffID
  bool root_listed = false;   ///< the layer has an entry for its root folder ("./"); see inherit_root
};

/// Expands one OCI layer (image-spec layer.md) into `folder`, an existing empty directory, in overlayfs's own format:
/// a whiteout becomes a 0/0 character device, an opaque whiteout the xattr trusted.overlay.opaque=y. Stacked with its
/// parents by overlayfs it shows what sequential extraction by tar onto one tree would.
///
/// Reads `compressed` to its end (so that whoever verifies it sees every byte), unless it fails or stops early.
/// Without `parents` it stops early, with needs_parents set, at the first entry that depends on them: a folder that
/// is implied but not listed, a name that passes through a parent's symlink, a hard link to a parent's file, an opaque
/// root. A base layer is finished with an empty view. With a view, used_parents says whether it made a difference.
///
/// Hostile input: all writing goes through descriptors below `folder` by openat2(2); symlinks are resolved as in a
/// chroot of the merged tree, by us, never by the kernel. Memory: two buffers of 256 KiB, the decompressor's window
/// (zstd: at most 128 MiB), and about 200 bytes for each folder of the layer.
///
/// Needs CAP_SYS_ADMIN, CAP_CHOWN, CAP_MKNOD, CAP_DAC_OVERRIDE, CAP_FOWNER and CAP_SETFCAP. Blocks: for a thread of
/// its own. `cancelled` is asked about every 256 KiB and every entry (may be empty). Nothing is synced: see sync_layer.
///
/// Errors, naming the entry and the reason: corrupt (stream or tar is damaged, an entry that cannot be honoured),
/// exhausted (limits, disk full), denied (devices), cancelled, and those of `compressed`. The folder's content is then
/// undefined and the caller removes it.
result<extracted_layer> extract_layer(byte_source& compressed, compression how, const std::string& folder,
                                      const layer_limits& limits, const std::function<bool()>& cancelled,
                                      const parent_view* parents = nullptr);

/// Gives `folder` (a snapshot's upper, or a layer whose root is not listed) the mode, owner, mtime and xattrs of the
/// root as its parents show it: those of the topmost parent that lists its root; 0755 root:root, mtime 0 when none
/// does. overlayfs takes the root's attributes from the topmost folder alone, so a snapshot needs this once.
result<void> inherit_root(const std::string& folder, const parent_view& parents);

/// Makes all that was written to `folder` durable by syncfs(2) on its file system. One call costs one journal commit
/// and a flush of that file system's dirty pages, whoever wrote them; for thousands of small files that is far
/// cheaper than an fsync each. Errors of writeback since `folder` was opened are reported. Afterwards the caller
/// renames the folder into place and syncs the directory that holds it (sys::sync_directory).
result<void> sync_layer(const std::string& folder);

} // namespace gantry::store
