#include "api/cri/mapping/filters.hpp"

#include <algorithm>

namespace gantry::cri {

bool has_labels(const std::map<std::string, std::string>& labels,
                const google::protobuf::Map<std::string, std::string>& selector) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
    auto found = labels.find(wanted.first);
    return found != labels.end() && found->second == wanted.second;
  });
}

} // namespace gantry::cri
