#pragma once

#include <vector>

#include "api/cri/cri.pb.h"
#include "messages/domain/error.hpp"
#include "messages/domain/pod_member.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// Errors: invalid_argument for a number that the CRI does not have, naming the field.
result<namespace_mode> parse_mode(const char* field, v1::NamespaceMode from);
v1::NamespaceMode render_mode(namespace_mode from);

/// The range of a user namespace; none: the node's. Errors: invalid_argument; the kubelet maps one range, from 0.
result<std::vector<id_mapping>> parse_mappings(const google::protobuf::RepeatedPtrField<v1::IDMapping>& from);

} // namespace gantry::cri
