#include "store/sweep.hpp"

#include <set>

namespace gantry::store {
namespace {

/// All that records and leases lead to.
class reached {
public:
  reached(const everything& records, std::span<const lease> live, unix_nanos now) {
    for (const auto& record : records.images) add(record);
    for (const auto& name : records.names) blobs.insert(name.manifest);
    for (const auto& record : records.containers) add(record);
    for (const auto& record : records.volumes) volumes.insert(record.name);
    for (const auto& held : records.leases)
      if (!has_expired(held, now)) add(held);
    for (const auto& held : live) add(held);
    // By its id as by its number: a lease may know a layer by either.
    for (const auto& record : records.layers)
      if (leased_layers.contains(record.id)) layers.insert(record.folder);
    for (const auto& record : records.snapshots)
      if (containers.contains(record.owner)) snapshots.insert(record.number);
  }

  static bool has_expired(const lease& held, unix_nanos now) { return held.expires != 0 && held.expires <= now; }

  std::set<digest> blobs;
  std::set<std::uint64_t> layers, snapshots;
  std::set<key> containers;
  std::set<std::string> volumes;

private:
  void add(const image& record) {
    blobs.insert({record.id, record.manifest_descriptor.content});
    for (const auto& layer : record.layers) blobs.insert(layer.content);
    layers.insert(record.layer_folders.begin(), record.layer_folders.end());
  }

  void add(const container_record& record) {
    containers.insert(record.name);
    layers.insert(record.layers.begin(), record.layers.end());
    if (record.snapshot != 0) snapshots.insert(record.snapshot);
    for (const auto& mount : record.mounts) {
      if (!mount.name.empty()) volumes.insert(mount.name);
      layers.insert(mount.layer_folders.begin(), mount.layer_folders.end());
    }
  }

  void add(const lease& held) {
    auto content = digest::parse(held.what);
    auto number = parse_number(held.what);
    switch (held.type) {
    case lease::kind::blob:
      if (content) blobs.insert(*content);
      return;
    case lease::kind::layer:
      if (content) leased_layers.insert(*content);
      if (number) layers.insert(*number);
      return;
    case lease::kind::snapshot:
      if (number) snapshots.insert(*number);
      return;
    case lease::kind::container: {
      auto slash = held.what.find('/');
      if (slash != std::string::npos) containers.insert({held.what.substr(0, slash), held.what.substr(slash + 1)});
      return;
    }
    case lease::kind::volume:
      volumes.insert(held.what);
      return;
    }
  }

  std::set<digest> leased_layers;
};

void collect_records(const everything& records, const reached& live, unix_nanos now, garbage& into) {
  for (const auto& record : records.layers)
    if (!live.layers.contains(record.folder)) into.records.emplace_back(erase_layer{record.folder});
  for (const auto& record : records.snapshots)
    if (!live.snapshots.contains(record.number)) into.records.emplace_back(erase_snapshot{record.number});
  std::set<std::string> held;
  for (const auto& record : records.leases)
    if (!reached::has_expired(record, now)) held.insert(record.id);
  std::set<std::string> past;
  for (const auto& record : records.leases)
    if (!held.contains(record.id) && past.insert(record.id).second) into.records.emplace_back(erase_lease{record.id});
}

/// A layer's folder is whole only with a record: without one, the commit that renamed it did not finish.
void collect_layers(const everything& records, const folders& on_disk, const reached& live, garbage& into) {
  std::set<std::uint64_t> recorded;
  for (const auto& record : records.layers) recorded.insert(record.folder);
  for (const auto& folder : on_disk.layers)
    if (!live.layers.contains(folder.number) ||
        (folder.now == folder_name::state::made && recorded.contains(folder.number)))
      into.layers.push_back(folder);
}

void collect_folders(const everything& records, const folders& on_disk, const reached& live, unix_nanos now,
                     garbage& into) {
  std::set<std::string> recorded;
  for (const auto& content : on_disk.blobs)
    if (!live.blobs.contains(content)) into.blobs.push_back(content);
  constexpr auto lifetime = std::chrono::nanoseconds(ingest_lifetime).count();
  for (const auto& download : on_disk.ingests)
    if (!live.blobs.contains(download.content) && download.changed_at < now - lifetime)
      into.ingests.push_back(download.content);
  collect_layers(records, on_disk, live, into);
  for (const auto& folder : on_disk.snapshots)
    if (!live.snapshots.contains(folder.number)) into.snapshots.push_back(folder);
  for (const auto& name : on_disk.containers)
    if (!live.containers.contains(name)) into.containers.push_back(name);
  for (const auto& volume : on_disk.volumes) {
    if (live.volumes.contains(volume.name)) continue;
    (volume.marked_removed || volume.empty ? into.volumes : into.unclaimed_volumes).push_back(volume.name);
  }
}

std::set<std::uint64_t> whole_numbers(const std::vector<folders::numbered>& list) {
  std::set<std::uint64_t> numbers;
  for (const auto& folder : list)
    if (folder.now == folder_name::state::whole) numbers.insert(folder.number);
  return numbers;
}

void find_missing(const everything& records, const folders& on_disk, garbage& into) {
  auto layers = whole_numbers(on_disk.layers), snapshots = whole_numbers(on_disk.snapshots);
  std::set<digest> blobs(on_disk.blobs.begin(), on_disk.blobs.end());
  std::set<std::string> volumes;
  for (const auto& volume : on_disk.volumes) volumes.insert(volume.name);
  for (const auto& record : records.images) {
    for (auto folder : record.layer_folders)
      if (!layers.contains(folder))
        into.missing.push_back(
            fmt::format("image {}: its layer folder {} is gone: pull it again", record.id.str(), folder));
    if (!blobs.contains(record.manifest_descriptor.content))
      into.missing.push_back(fmt::format("image {}: its manifest is gone: pull it again", record.id.str()));
  }
  for (const auto& record : records.layers)
    if (!layers.contains(record.folder))
      into.missing.push_back(fmt::format("layer {}: its folder {} is gone", record.id.str(), record.folder));
  for (const auto& record : records.containers)
    if (record.snapshot != 0 && !snapshots.contains(record.snapshot))
      into.missing.push_back(fmt::format("container {}: its writable layer {} is gone: it cannot start again",
                                         record.name.id, record.snapshot));
  for (const auto& record : records.volumes)
    if (!volumes.contains(record.name))
      into.missing.push_back(fmt::format("volume {}: its folder is gone", record.name));
}

} // namespace

garbage unreachable(const everything& records, const folders& on_disk, std::span<const lease> live, unix_nanos now) {
  garbage found;
  found.gone = on_disk.gone;
  find_missing(records, on_disk, found);
  if (!records.problems.empty()) {
    const auto& first = records.problems.front();
    found.withheld =
        fmt::format("{} record(s) cannot be read, so what they need is not known and nothing is swept. The "
                    "first is {} in {}: {}. Remove it by its id, then sweep again",
                    records.problems.size(), first.row, first.table, first.cause.message);
    return found;
  }
  reached all(records, live, now);
  collect_records(records, all, now, found);
  collect_folders(records, on_disk, all, now, found);
  return found;
}

} // namespace gantry::store
