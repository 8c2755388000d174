#include "tools/gantry-load/report/report.hpp"

namespace gantry::load {

bool report::fine() const {
  const auto& m = measured;
  // Nothing done at all is no success, whatever the reason.
  return m.failed == 0 && m.failures.empty() && leaked.empty() && left.empty() && leaks_known &&
         (m.done != 0 || interrupted);
}

std::string_view name_of(scenario what) {
  switch (what) {
  case scenario::churn:
    return "churn";
  case scenario::hold:
    return "hold";
  case scenario::exec:
    return "exec";
  }
  return "";
}

} // namespace gantry::load
