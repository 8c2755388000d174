#include "store/meta/schema.hpp"

#include <array>

namespace gantry::store {
namespace {

/// steps[n] leads from schema n to n + 1. A step that was released is never edited: a change is a new step.
/// What SQL must compare stands in columns; the rest of a record is JSON (messages/domain/record_json.hpp).
constexpr std::array<const char*, schema_version> steps = {
    R"(
CREATE TABLE images (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE image_names (ns TEXT NOT NULL, name TEXT NOT NULL, image TEXT NOT NULL, manifest TEXT NOT NULL,
                          PRIMARY KEY (ns, name)) WITHOUT ROWID;
CREATE INDEX image_names_by_image ON image_names (image);
CREATE TABLE layers (folder INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL);
CREATE TABLE snapshots (number INTEGER PRIMARY KEY, ns TEXT NOT NULL, id TEXT NOT NULL, kind INTEGER NOT NULL);
CREATE TABLE containers (ns TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, image TEXT NOT NULL,
                         json TEXT NOT NULL, PRIMARY KEY (ns, id));
CREATE UNIQUE INDEX containers_by_name ON containers (ns, name) WHERE name <> '';
CREATE INDEX containers_by_image ON containers (image);
CREATE TABLE sandboxes (ns TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (ns, id));
CREATE TABLE volumes (ns TEXT NOT NULL, name TEXT NOT NULL UNIQUE, json TEXT NOT NULL, PRIMARY KEY (ns, name));
CREATE TABLE networks (ns TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (ns, id));
CREATE TABLE leases (id TEXT NOT NULL, kind INTEGER NOT NULL, what TEXT NOT NULL, expires INTEGER NOT NULL,
                     PRIMARY KEY (id, kind, what)) WITHOUT ROWID;
CREATE TABLE syncs (count INTEGER NOT NULL);
INSERT INTO syncs VALUES (0);
)",
    // A state changes several times in a life, the rest of a record hardly ever. A row that is no JSON stays as it is:
    // it is named when the records are read.
    R"(
ALTER TABLE containers ADD COLUMN state TEXT NOT NULL DEFAULT '{}';
UPDATE containers SET state = coalesce(json_extract(json, '$.state'), '{}'), json = json_remove(json, '$.state')
  WHERE json_valid(json);
)",
    R"(
CREATE TABLE pods (ns TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (ns, id));
)",
};

result<int> found_version(sql::connection& db) {
  GANTRY_LET(auto table, db.ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'"));
  GANTRY_LET(bool there, table.next());
  if (!there) return 0;
  GANTRY_LET(auto row, db.ask("SELECT version FROM schema_version"));
  GANTRY_LET(bool any, row.next());
  return any ? static_cast<int>(row.integer(0)) : 0;
}

result<void> run_steps(sql::connection& db, int from) {
  for (auto at = static_cast<std::size_t>(from); at < steps.size(); ++at) GANTRY_TRY(db.script(steps[at]));
  GANTRY_TRY(db.script("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);"
                       "DELETE FROM schema_version"));
  GANTRY_TRY(db.run("INSERT INTO schema_version VALUES (?1)", schema_version));
  return {};
}

} // namespace

result<void> migrate_schema(sql::connection& db, const std::string& path) {
  GANTRY_TRY(db.script("BEGIN IMMEDIATE"));
  auto found = found_version(db);
  result<void> done;
  if (!found) {
    done = tl::unexpected(found.error());
  } else if (*found > schema_version) {
    done = fail(errc::failed_precondition,
                "{} was written by a newer Gantry: its schema is version {}, this Gantry knows versions up to {}. "
                "Install the newer Gantry, or choose another --root",
                path, *found, schema_version);
  } else if (*found < schema_version) {
    done = run_steps(db, *found);
  }
  if (done) done = db.script("COMMIT");
  if (!done && db.in_transaction()) (void)db.script("ROLLBACK");
  if (!done) return within(done.error(), "open the records");
  return {};
}

} // namespace gantry::store
