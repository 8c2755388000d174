#pragma once

#include <chrono>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "messages/domain/change.hpp"
#include "store/folders.hpp"

namespace gantry::store {

/// How long a partial download that nobody leases is kept for a pull that resumes it.
inline constexpr std::chrono::hours ingest_lifetime{24};

/// What nothing reaches. It is erased first (`records`, synced), then removed from the disk.
struct garbage {
  std::vector<change> records; ///< erasures: of layers that no image uses, snapshots without container, past leases
  std::vector<digest> blobs, ingests;
  std::vector<folders::numbered> layers, snapshots;
  std::vector<key> containers;      ///< folders without a record
  std::vector<std::string> volumes; ///< without a record, and marked removed or empty
  std::vector<std::string> gone;    ///< full paths

  /// Records whose folder or blob is not there, as sentences: a disk that lost something. They are not erased.
  std::vector<std::string> missing;
  /// Volumes with content but no record: kept, since they may be all that is left of a user's data.
  std::vector<std::string> unclaimed_volumes;
  /// Not empty: a record could not be read, so what it reaches is not known, and only `gone` is removed.
  std::string withheld;
};

/// Computes reachability, in this one place; touches nothing. What is reached:
/// - an image: its manifest, config and layer blobs, its layer folders. Every image with a record counts, named or not;
/// - a container: its snapshot, its layer folders (also after its image is gone), its own folder;
/// - a volume with a record: its folder. A lease that has not expired at `now`: the thing it names.
/// `live` are leases of work under way that stand in no record. Beside live work, list the folders first, then read
/// the records, then the live leases: what is made after the listing is not in it, and what a record or lease took up
/// meanwhile is reached. Numbers are never given twice, but digests and volume names are: between this call and the end
/// of the removal nobody may be told that a layer, blob or volume in the garbage is there.
garbage unreachable(const everything& records, const folders& on_disk, std::span<const lease> live, unix_nanos now);

struct swept {
  std::uint64_t blob_bytes = 0;
  std::vector<error> failures; ///< the rest is removed all the same; the next sweep tries again
};

/// Removes from the disk what is in `what`, after its records were erased; what should not be there is no failure.
/// Folders are renamed away before they are deleted. Blocks, long; any thread. Stops early when asked.
swept remove_garbage(const layout& paths, const garbage& what, std::stop_token stop = {});

} // namespace gantry::store
