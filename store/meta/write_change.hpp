#pragma once

#include "messages/domain/change.hpp"
#include "store/meta/sqlite.hpp"

namespace gantry::store {

/// Makes one change by one or more statements; the caller's savepoint makes it whole. Errors: as in change.hpp; when
/// db.broken() is set after it, the whole transaction has failed.
result<void> write_change(sql::connection& db, const change& what);

} // namespace gantry::store
