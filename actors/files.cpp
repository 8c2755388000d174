#include "actors/files.hpp"

namespace gantry {
namespace {

using self_pointer = files_actor::stateful_pointer<files_state>;

template<class Reply, class Request>
caf::result<Reply> hand_over(self_pointer self, Request request) {
  auto& state = self->state;
  if (state.workers.size() >= max_files_workers)
    return to_caf(error{errc::exhausted,
                        fmt::format("{} copies of files are under way; try again when one is done", max_files_workers),
                        0});
  auto worker = state.new_worker();
  self->monitor(worker);
  state.workers.insert(worker.address());
  return self->delegate(worker, std::move(request));
}

} // namespace

files_actor::behavior_type files(self_pointer self, std::function<files_actor()> new_worker) {
  self->state.new_worker = std::move(new_worker);
  self->set_down_handler([self](const caf::down_msg& down) { self->state.workers.erase(down.source); });
  return {
      [self](look_at_file& request) { return hand_over<file_info>(self, std::move(request)); },
      [self](read_files& request) { return hand_over<file_info>(self, std::move(request)); },
      [self](export_files& request) { return hand_over<done>(self, std::move(request)); },
      [self](write_files& request) { return hand_over<done>(self, std::move(request)); },
  };
}

} // namespace gantry
