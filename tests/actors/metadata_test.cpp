#include "actors/metadata.hpp"

#include "tests/actors/stage.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/temporary_folder.hpp"

namespace gantry::test {
namespace {

struct metadata_stage {
  temporary_folder folder;
  std::shared_ptr<store::database> database =
      std::make_shared<store::database>(must(store::database::open(folder / "meta.db")));
  stage on;
  metadata_actor metadata = on.spawn(gantry::metadata, database);

  static record_changes put(const std::string& id, const std::string& name) {
    return {{store::put_container{sample_container(id, name), store::when_there::refuse}}, false};
  }
  std::size_t containers() { return must(database->load_all()).containers.size(); }
};

} // namespace

TEST_CASE("metadata: requests that arrive together are one transaction") {
  metadata_stage s;
  auto before = s.database->log_bytes();
  (void)s.on.ask<done>(s.metadata, metadata_stage::put("first", "first")).value();
  auto one = s.database->log_bytes() - before;
  std::vector<answer<done>> answers;
  for (int i = 0; i < 50; ++i) {
    auto id = std::to_string(i);
    answers.push_back(s.on.ask_later<done>(s.metadata, metadata_stage::put(id, id)));
  }
  before = s.database->log_bytes();
  s.on.run();
  for (const auto& a : answers) CHECK(a.ok());
  CHECK(s.containers() == 51);
  CHECK(s.database->log_bytes() - before < 25 * one); // fifty commits would write their pages fifty times
}

TEST_CASE("metadata: one that fails has its own error, and harms none of those beside it") {
  metadata_stage s;
  auto first = s.on.ask_later<done>(s.metadata, metadata_stage::put("a", "web"));
  auto second = s.on.ask_later<done>(s.metadata, metadata_stage::put("b", "web"));
  auto third = s.on.ask_later<done>(s.metadata, metadata_stage::put("c", "db"));
  s.on.run();
  CHECK(first.ok());
  CHECK(second.why().code == errc::already_exists);
  CHECK(third.ok());
  CHECK(s.containers() == 2);
}

TEST_CASE("metadata: the first failure among a request's changes is its answer") {
  metadata_stage s;
  record_changes request{{store::put_container{sample_container("a", "web"), store::when_there::require},
                          store::put_container{sample_container("b", "db"), store::when_there::refuse}},
                         false};
  CHECK(s.on.ask<done>(s.metadata, request).why().code == errc::not_found);
}

TEST_CASE("metadata: who loads sees all that was asked before") {
  metadata_stage s;
  auto put = s.on.ask_later<done>(s.metadata, metadata_stage::put("a", "web"));
  auto load = s.on.ask_later<all_records>(s.metadata, load_records{});
  s.on.run();
  CHECK(put.ok());
  CHECK(load.value()->containers.size() == 1);
}

TEST_CASE("metadata: more than one transaction takes are several, all answered") {
  metadata_stage s;
  std::vector<answer<done>> answers;
  for (std::size_t i = 0; i < max_group + 20; ++i) {
    auto id = std::to_string(i);
    answers.push_back(s.on.ask_later<done>(s.metadata, metadata_stage::put(id, id)));
  }
  s.on.run();
  for (const auto& a : answers) CHECK(a.ok());
  CHECK(s.containers() == max_group + 20);
}

} // namespace gantry::test
