#include "tools/gantry-load/measure/measurements.hpp"

namespace gantry::load {

std::string_view name_of(stage which) {
  switch (which) {
  case stage::create:
    return "create";
  case stage::create_to_start:
    return "create to start";
  case stage::create_to_exit:
    return "create to exit";
  case stage::whole:
    return "whole";
  case stage::start:
    return "start";
  case stage::exit:
    return "start to exit";
  case stage::status:
    return "status";
  case stage::remove:
    return "remove";
  }
  return "";
}

} // namespace gantry::load
