#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <set>

#include "store/meta/database.hpp"
#include "store/meta/sqlite.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::store;

namespace {

constexpr int per_transaction = 3;

/// In the child: transactions without end, each of some containers that bear its number; each one that is made is told.
[[noreturn]] void commit_without_end(const std::string& path, int told, int first) {
  auto db = database::open(path);
  if (!db) ::_exit(1);
  for (int n = first;; ++n) {
    std::vector<change> changes;
    for (int i = 0; i < per_transaction; ++i) {
      auto record = sample_container(fmt::format("{}-{}", n, i), fmt::format("name-{}-{}", n, i));
      record.image_name = std::to_string(n);
      changes.emplace_back(put_container{std::move(record)});
    }
    auto done = db->apply(changes, n % 7 == 0 ? sys::durability::synced : sys::durability::cached);
    if (!done) ::_exit(2);
    if (n % 5 == 0 && !db->checkpoint()) ::_exit(3);
    if (::write(told, &n, sizeof n) != sizeof n) ::_exit(4);
  }
}

/// Lets a child commit, kills it after `count` answers, wherever it is then. The last number it told.
int run_and_kill(const std::string& path, int first, int count) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  auto child = ::fork();
  if (child == 0) commit_without_end(path, ends[1], first);
  ::close(ends[1]);
  int last = -1;
  for (int i = 0; i < count; ++i)
    if (::read(ends[0], &last, sizeof last) != sizeof last) break;
  ::kill(child, SIGKILL);
  for (int n = 0; ::read(ends[0], &n, sizeof n) == sizeof n;) last = n;
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  return last;
}

void break_file(const std::string& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << std::string(4096, 'x');
}

} // namespace

TEST_CASE("after a kill in the middle of transactions each one told is whole, and none is there by half") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  int last = 0;
  for (int round = 0; round < 6; ++round) {
    last = run_and_kill(path, last + 1, 5 + 11 * round);
    auto db = must(database::open(path));
    auto all = must(db.load_all());
    CHECK(all.problems.empty());
    std::map<int, int> found;
    for (const auto& record : all.containers) ++found[std::stoi(record.image_name)];
    for (int n = 1; n <= last; ++n) {
      INFO("transaction " << n);
      CHECK(found[n] == per_transaction);
    }
    for (auto [n, count] : found) CHECK(count == per_transaction);
    last = found.rbegin()->first;
  }
}

TEST_CASE("a file that is no database is corrupt, and the error says what to do") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  write(path, std::string(10000, 'x'));
  auto db = database::open(path);
  REQUIRE_FALSE(db);
  CHECK(db.error().code == errc::corrupt);
  CHECK_THAT(db.error().message, contains("is damaged") && contains(".recover"));
}

TEST_CASE("a damaged page is found when the file is opened") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  {
    auto db = must(database::open(path));
    std::vector<change> changes;
    for (int i = 0; i < 100; ++i) changes.emplace_back(put_container{sample_container(std::to_string(i))});
    must(db.apply(changes));
    must(db.checkpoint());
  }
  auto pages = status_of(path).st_size / 4096;
  REQUIRE(pages > 30);
  break_file(path, (pages - 5) * 4096);
  auto db = database::open(path);
  REQUIRE_FALSE(db);
  CHECK(db.error().code == errc::corrupt);
}

TEST_CASE("one row that cannot be read does not hide the others") {
  temporary_folder folder;
  auto path = folder / "meta.db";
  auto db = must(database::open(path));
  must(db.apply(std::vector<change>{put_container{sample_container("a")}, put_container{sample_container("b")},
                                    put_container{sample_container("c")}, put_layer{{1, digest_of_number(1), 1}},
                                    put_layer{{2, digest_of_number(2), 1}}}));
  auto raw = must(sql::connection::open(path));
  must(raw->script("UPDATE containers SET json = '{\"name\":' WHERE id = 'b';"
                   "UPDATE containers SET json = (SELECT json FROM containers WHERE id = 'a') WHERE id = 'c';"
                   "UPDATE layers SET id = 'sha256:short' WHERE folder = 2"));
  auto all = must(db.load_all());
  CHECK(all.containers.size() == 1);
  CHECK(all.layers.size() == 1);
  std::set<std::string> rows;
  for (const auto& problem : all.problems) rows.insert(problem.table + ":" + problem.row);
  CHECK(rows == std::set<std::string>{"containers:docker/b", "containers:docker/c", "layers:2"});
  for (const auto& outcome : must(db.apply(std::vector<change>{erase_container{{"docker", "b"}}}))) must(outcome);
}

TEST_CASE("two databases do not see each other, and two connections to one file take turns") {
  temporary_folder folder;
  must(sys::make_directories(folder / "x", 0700));
  auto one = must(database::open(folder / "meta.db"));
  auto other = must(database::open(folder / "x/meta.db"));
  auto same = must(database::open(folder / "meta.db"));
  must(one.apply(std::vector<change>{put_container{sample_container("a")}}));
  must(same.apply(std::vector<change>{put_container{sample_container("b")}}));
  CHECK(must(one.load_all()).containers.size() == 2);
  CHECK(must(other.load_all()).containers.empty());
}
