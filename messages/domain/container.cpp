#include "messages/domain/container.hpp"

namespace gantry {

std::string_view to_string(phase p) {
  switch (p) {
  case phase::created:
  case phase::starting:
    return "created";
  case phase::running:
    return "running";
  case phase::paused:
    return "paused";
  case phase::restarting:
    return "restarting";
  case phase::exited:
    return "exited";
  case phase::removing:
    return "removing";
  case phase::dead:
    return "dead";
  }
  return "dead";
}

} // namespace gantry
