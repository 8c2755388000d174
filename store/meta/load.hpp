#pragma once

#include "messages/domain/records.hpp"
#include "store/meta/sqlite.hpp"

namespace gantry::store {

/// Reads every table as of one moment; database::load_all says the rest.
result<everything> load_everything(sql::connection& db);

} // namespace gantry::store
