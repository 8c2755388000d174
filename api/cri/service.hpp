#pragma once

#include <memory>

#include "api/cri/call.hpp"

namespace gantry::cri {

/// The CRI's two services, with every call that there is. They outlive the server that they are added to.
class services {
public:
  static std::unique_ptr<services> make();
  virtual ~services() = default;

  virtual void add_to(grpc::ServerBuilder& server) = 0;
  /// Once the server has started. `at` outlives them.
  virtual void expect_calls(desk& at) = 0;
};

} // namespace gantry::cri
