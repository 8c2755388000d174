#include "store/meta/schema.hpp"

#include "store/meta/database.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

namespace {

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

TEST_CASE("a newer schema is refused, naming both versions, and the file stays as it is") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  must(must(sql::connection::open(path))
           ->script("CREATE TABLE schema_version (version INTEGER NOT NULL); INSERT INTO schema_version VALUES (99)"));
  auto db = database::open(path);
  REQUIRE_FALSE(db);
  CHECK(db.error().code == errc::failed_precondition);
  CHECK_THAT(db.error().message, contains("version 99") && contains("up to 1"));
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
