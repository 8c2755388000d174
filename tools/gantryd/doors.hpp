#pragma once

#include <chrono>
#include <memory>

#include "api/cri/server.hpp"
#include "api/engine.hpp"
#include "api/http/server.hpp"
#include "tools/gantryd/settings.hpp"

namespace gantry::daemon {

/// What clients reach the engine by. Closed before the engine stops. Whoever reads figures keeps no idle daemon alive.
struct doors {
  std::unique_ptr<http::server> docker;
  std::unique_ptr<cri::server> cri;      ///< none: the CRI is not served
  std::unique_ptr<http::server> metrics; ///< none: figures are not served

  [[nodiscard]] bool answering() const; ///< a request is under way
  [[nodiscard]] std::chrono::steady_clock::time_point last_use() const;
};

/// Opens what the settings name. Errors: as each door's start; invalid_argument for an address that is none.
result<doors> open_doors(engine& of, const settings& all);

} // namespace gantry::daemon
