#include "store/meta/schema.hpp"

#include "messages/domain/record_json.hpp"
#include "store/meta/database.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

namespace {

/// What version 1 was, from the step that made it.
constexpr auto schema_1 = R"(
CREATE TABLE images (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE image_names (ns TEXT NOT NULL, name TEXT NOT NULL, image TEXT NOT NULL, manifest TEXT NOT NULL,
                          PRIMARY KEY (ns, name)) WITHOUT ROWID;
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
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);
)";

int version_in(const std::string& path) {
  auto raw = must(sql::connection::open(path));
  auto row = must(raw->ask("SELECT version FROM schema_version"));
  REQUIRE(must(row.next()));
  return static_cast<int>(row.integer(0));
}

} // namespace

TEST_CASE("an empty file and a database of schema 0 are migrated, once") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  SECTION("an empty file") { write(path, ""); }
  SECTION("a schema_version table without a row") {
    must(must(sql::connection::open(path))->script("CREATE TABLE schema_version (version INTEGER NOT NULL)"));
  }
  SECTION("version 0") {
    must(must(sql::connection::open(path))
             ->script("CREATE TABLE schema_version (version INTEGER NOT NULL); INSERT INTO schema_version VALUES (0)"));
  }
  {
    auto db = must(database::open(path));
    must(db.apply(std::vector<change>{put_container{sample_container("a")}}));
  }
  CHECK(version_in(path) == schema_version);
  auto db = must(database::open(path));
  CHECK(must(db.load_all()).containers.size() == 1);
  CHECK((status_of(path).st_mode & 07777) == 0600);
}

TEST_CASE("in schema 1 a container's state was part of its JSON: it moves to a column of its own") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  {
    auto raw = must(sql::connection::open(path));
    must(raw->script(schema_1));
    auto insert = [&](const char* id, const std::string& json) {
      must(raw->run("INSERT INTO containers VALUES ('docker', ?1, ?1, 'sha256:x', ?2)", std::string_view(id), json));
    };
    auto ended = to_json(sample_container("ended", "ended"));
    ended.insert(
        1, R"("state":{"now":"exited","exit_code":3,"error":"\u00e9 \"","pid_start_time":18446744073709551615},)");
    insert("ended", ended);
    insert("stateless", to_json(sample_container("stateless", "stateless")));
    insert("damaged", "{\"state\":");
  }
  auto db = must(database::open(path));
  CHECK(version_in(path) == schema_version);
  auto all = must(db.load_all());
  REQUIRE(all.problems.size() == 1);
  CHECK(all.problems[0].row == "docker/damaged");
  REQUIRE(all.containers.size() == 2);
  for (const auto& record : all.containers) {
    bool ended = record.name.id == "ended";
    CHECK(record.display_name == record.name.id);
    CHECK(record.state.now == (ended ? phase::exited : phase::created));
    CHECK(record.state.exit_code == (ended ? 3 : 0));
    CHECK(record.state.pid_start_time == (ended ? ~0ULL : 0));
    CHECK(record.state.error == (ended ? "\xc3\xa9 \"" : ""));
  }
  must(must(db.apply(std::vector<change>{put_container_state{{"docker", "stateless"}, {}}})).front());
  must(must(db.apply(std::vector<change>{erase_container{{"docker", "damaged"}}})).front());
}

TEST_CASE("a newer schema is refused, naming both versions, and the file stays as it is") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  must(must(sql::connection::open(path))
           ->script("CREATE TABLE schema_version (version INTEGER NOT NULL); INSERT INTO schema_version VALUES (99)"));
  auto db = database::open(path);
  REQUIRE_FALSE(db);
  CHECK(db.error().code == errc::failed_precondition);
  CHECK_THAT(db.error().message, contains("version 99") && contains("up to " + std::to_string(schema_version)));
  CHECK(version_in(path) == 99);
}

TEST_CASE("a migration that fails leaves the file at its old schema") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  must(must(sql::connection::open(path))->script("CREATE TABLE leases (stranger)")); // in the way of step 1
  REQUIRE_FALSE(database::open(path));
  auto raw = must(sql::connection::open(path));
  auto tables = must(raw->ask("SELECT count(*) FROM sqlite_master WHERE type = 'table'"));
  REQUIRE(must(tables.next()));
  CHECK(tables.integer(0) == 1);
}
