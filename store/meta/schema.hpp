#pragma once

#include "store/meta/sqlite.hpp"

namespace gantry::store {

/// The schema that this engine reads and writes (store/README.md, "Records").
inline constexpr int schema_version = 3;

/// Brings the file to schema_version, all steps in one transaction; a file without tables is schema 0.
/// Errors: failed_precondition when the file's schema is newer, naming both.
result<void> migrate_schema(sql::connection& db, const std::string& path);

} // namespace gantry::store
