#pragma once

#include <set>

#include "messages/events.hpp"
#include "messages/files.hpp"

namespace gantry {

/// Workers at once, each a thread: what is slow is their clients.
inline constexpr std::size_t max_files_workers = 64;

struct files_state {
  std::function<files_actor()> new_worker;
  std::set<caf::actor_addr> workers; ///< until each ends

  static inline const char* name = "files";
};

/// files (messages/files.hpp): hands each request to a worker of its own.
files_actor::behavior_type files(files_actor::stateful_pointer<files_state> self,
                                 std::function<files_actor()> new_worker);

/// Does one request and ends: on a thread of its own, since it waits for disks and for the pipe's other end. It holds
/// the container's files for as long as it lives.
files_actor::behavior_type files_worker(files_actor::pointer self, events_actor events);

} // namespace gantry
