#pragma once

#include "api/docker/parse/filters.hpp"
#include "messages/catalog.hpp"

namespace gantry::docker::endpoints {

/// The rows that GET /containers/json shows, newest first, as indexes into the table. Pure. Errors: invalid_argument
/// for an unknown filter or value; not_found for `before` and `since`.
struct listing {
  bool all = false;
  std::size_t limit = 0; ///< 0: none
};
result<std::vector<std::size_t>> select_rows(const container_table& table, const filters& wanted, listing how);

} // namespace gantry::docker::endpoints
