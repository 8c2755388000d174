#include "actors/writable_usage.hpp"

#include <sys/statvfs.h>

#include "actors/container_supervisor.hpp"
#include "runtime/sys/thread_name.hpp"
#include "store/snapshot/disk_usage.hpp"

namespace gantry {
namespace {

using std::chrono::steady_clock;
constexpr int times_its_cost = 20;

/// A layer in memory is a tmpfs that only the container sees: overlayfs answers with its figures.
result<writable_use> measure_in_memory(const container_record& of) {
  struct statvfs found {};
  if (!container::alive(of) || ::statvfs(fmt::format("/proc/{}/root", of.state.pid).c_str(), &found) != 0)
    return fail(errc::not_found, "container {} does not run", of.name.id);
  writable_use use;
  use.bytes = (found.f_blocks - found.f_bfree) * found.f_frsize;
  use.inodes = found.f_files - found.f_ffree;
  return use;
}

result<writable_use> measure(const store::layout& paths, const container_record& of) {
  if (of.options.read_only_rootfs) return fail(errc::not_found, "container {} writes nothing", of.name.id);
  if (of.snapshot == 0) return measure_in_memory(of);
  GANTRY_LET(auto used, store::measure_disk_usage(paths.snapshot_upper(of.snapshot)));
  if (!used.whole) return fail(errc::exhausted, "the writable layer of container {} has no end", of.name.id);
  return writable_use{used.bytes, used.entries, 0, used.folder_bytes};
}

/// The answer that is there while it is fresh; else a new one.
const writable_use* use_of(writable_usage_state& state, const container_record& of, std::chrono::seconds fresh_for) {
  auto began = steady_clock::now();
  auto found = state.known.find(of.name.id);
  if (fresh_for.count() != 0 && found != state.known.end() && began < found->second.fresh_until)
    return &found->second.use;
  auto use = measure(state.paths, of);
  if (!use) {
    if (found != state.known.end()) state.known.erase(found);
    return nullptr;
  }
  use->measured_at = now();
  auto ended = steady_clock::now();
  auto wait = std::max<steady_clock::duration>(fresh_for, (ended - began) * times_its_cost);
  auto& kept = state.known[of.name.id];
  kept = {*use, ended + wait};
  return &kept.use;
}

void forget_old(writable_usage_state& state) {
  auto at = steady_clock::now();
  std::erase_if(state.known, [at](const auto& one) { return one.second.fresh_until < at; });
}

} // namespace

writable_usage_actor::behavior_type writable_usage(writable_usage_actor::stateful_pointer<writable_usage_state> self,
                                                   store::layout paths) {
  sys::name_thread("writable_usage");
  self->state.paths = std::move(paths);
  return {
      [self](const measure_writable& request) {
        writable_uses answer;
        for (const auto& one : request.containers)
          if (const auto* use = use_of(self->state, *one, request.fresh_for)) answer.by_id.emplace(one->name.id, *use);
        forget_old(self->state);
        return answer;
      },
      [](const measure_folders& request) {
        folder_uses answer;
        for (const auto& path : request.paths)
          if (auto used = store::measure_disk_usage(path))
            answer.by_path.emplace(path, used->bytes - used->folder_bytes);
        return answer;
      },
  };
}

} // namespace gantry
