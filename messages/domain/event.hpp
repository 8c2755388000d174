#pragma once

#include <map>
#include <string>

#include "messages/domain/container.hpp"

namespace gantry {

/// Something that happened, in the past tense, as `docker events` shows it.
struct event {
  enum class subject { container, image, network, volume, pull };
  std::string ns;
  subject type = subject::container;
  std::string action; ///< create, start, die, destroy, oom, kill, stop, pull, untag, delete, exec_create, …
  std::string id;
  std::map<std::string, std::string> attributes;
  unix_nanos time = 0;
};

/// How far one layer of a pull or push is.
struct layer_progress {
  enum class step { waiting, downloading, extracting, done, exists, pushing, pushed, mounted };
  digest layer;
  step now = step::waiting;
  std::uint64_t current = 0, total = 0; ///< compressed bytes
};

} // namespace gantry
