#pragma once

#include <functional>
#include <map>
#include <vector>

#include "messages/launcher.hpp"
#include "messages/name_server.hpp"
#include "runtime/network/names_program.hpp"

namespace gantry {

struct name_server_state {
  network::names_place where;
  launcher_actor launcher;                      ///< whose monitor starts the program
  std::map<std::string, std::string> addresses; ///< of the networks that have a file, where each is asked
  bool looking = false;                         ///< a look_after_names is on its way
  bool starting = false;                        ///< the program is being started: one alone
  std::vector<std::function<void()>> waiting;   ///< for that

  static inline const char* name = "name_server";
};

/// name_server (messages/name_server.hpp): on a thread of its own, since it waits until the program has read its files.
name_server_actor::behavior_type name_server(name_server_actor::stateful_pointer<name_server_state> self,
                                             network::names_place where, launcher_actor launcher);

} // namespace gantry
