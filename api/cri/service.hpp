#pragma once

#include <memory>

#include <grpcpp/impl/service_type.h>

#include "api/cri/call.hpp"

namespace gantry::cri {

/// The services, with every call that there is. `at` outlives them.
std::unique_ptr<grpc::Service> make_runtime_service(desk& at);
std::unique_ptr<grpc::Service> make_image_service(desk& at);

} // namespace gantry::cri
