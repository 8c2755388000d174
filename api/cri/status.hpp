#pragma once

#include <grpcpp/support/status.h>

#include "messages/domain/error.hpp"

namespace gantry::cri {

/// How an error reads in gRPC (grpc/doc/statuscodes.md). The kubelet looks at NOT_FOUND, DEADLINE_EXCEEDED,
/// UNIMPLEMENTED and RESOURCE_EXHAUSTED alone; all others make it try again.
grpc::Status status_of(const error& why);

} // namespace gantry::cri
