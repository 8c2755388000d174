#pragma once

#include <map>

#include "api/cri/cri.pb.h"
#include "messages/domain/container.hpp"
#include "messages/domain/pod.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// Whether all of a selector's labels are there, with the same values.
bool has_labels(const std::map<std::string, std::string>& labels,
                const google::protobuf::Map<std::string, std::string>& selector);

/// An id in a filter may be a prefix; an empty one fits all.
inline bool has_id(const std::string& id, const std::string& wanted) { return id.starts_with(wanted); }

/// A container of one pod: ids of filters and of requests.
inline bool is_in_pod(const container_record& container, const std::string& pod) {
  return has_id(container.options.in_pod.pod.id, pod);
}

} // namespace gantry::cri
