#include "messages/domain/health.hpp"

namespace gantry {

std::string_view to_string(health_status s) {
  switch (s) {
  case health_status::starting:
    return "starting";
  case health_status::healthy:
    return "healthy";
  case health_status::unhealthy:
    break;
  }
  return "unhealthy";
}

} // namespace gantry
