#include "api/cri/calls/measure.hpp"

#include "api/cri/call.hpp"

namespace gantry::cri::calls {
namespace {

/// A tree that takes longer to walk is left out of this answer, and is in the next.
constexpr std::chrono::seconds patience{2};

enum class files : bool { left_out, counted };

awaitable<result<uses>> read_usages(context& door, std::vector<container_view> of, files which) {
  auto read_all = [of = std::move(of), which]() -> result<uses> {
    uses made;
    for (const auto& one : of) {
      if (one->state.pid == 0) continue;
      auto now_used = door::read_usage(one->state.pid);
      if (!now_used) continue;
      auto& use = made[one->name.id];
      use.now = std::move(*now_used);
      if (which == files::counted) use.more = door::read_footprint(one->state.pid).value_or(door::footprint{});
    }
    return made;
  };
  co_return co_await on_disk(door, std::move(read_all));
}

awaitable<result<uses>> measure_with(context& door, std::vector<container_view> of, files which) {
  GANTRY_CO_LET(auto made, co_await read_usages(door, of, which));
  if (!door.actors.writable_usage) co_return made;
  measure_writable request{std::move(of)};
  auto layers = co_await ask<writable_uses>(door, door.actors.writable_usage, std::move(request), patience);
  if (!layers) co_return made;
  for (const auto& [id, one] : layers->by_id) made[id].layer = one;
  co_return made;
}

} // namespace

awaitable<result<uses>> measure(context& door, std::vector<container_view> of) {
  return measure_with(door, std::move(of), files::left_out);
}

awaitable<result<uses>> measure_all(context& door, std::vector<container_view> of) {
  return measure_with(door, std::move(of), files::counted);
}

} // namespace gantry::cri::calls
