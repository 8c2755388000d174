#include "actors/catalog.hpp"

#include <set>

#include "tests/actors/stage.hpp"

namespace gantry::test {
namespace {

struct catalog_stage {
  stage on;
  catalog_actor catalog = on.spawn(gantry::catalog, std::make_shared<pod_boards>());

  answer<claimed> claim(const std::string& id, const std::string& name, const std::string& ns = docker_namespace) {
    return on.ask<claimed>(catalog, claim_name{{ns, id}, name, {}, {}});
  }
  answer<found_container> find(const std::string& name, const std::string& ns = docker_namespace) {
    return on.ask<found_container>(catalog, find_container{ns, name});
  }
  container_table_ptr table(const std::string& ns = docker_namespace) {
    return on.ask<container_table_ptr>(catalog, list_containers{ns}).value();
  }
  void change(const std::string& id, unix_nanos created_at = 1, const std::string& ns = docker_namespace) {
    container_record record;
    record.name = record.sandbox = {ns, id};
    record.created_at = created_at;
    on.say(catalog, container_changed{std::make_shared<const container_record>(record)});
  }
  void make(const std::string& id, const std::string& name, unix_nanos created_at = 1,
            const std::string& ns = docker_namespace) {
    (void)claim(id, name, ns).value();
    change(id, created_at, ns);
  }
};

} // namespace

TEST_CASE("catalog: a name that is taken is refused in Docker's words, naming who has it") {
  catalog_stage s;
  s.make("aaaa", "web");
  auto refused = s.claim("bbbb", "web");
  CHECK(refused.why().code == errc::already_exists);
  CHECK_THAT(refused.why().message,
             contains("Conflict. The container name \"/web\" is already in use by container \"aaaa\""));
  CHECK_FALSE(s.find("bbbb").ok());
  CHECK(s.claim("aaaa", "other").why().code == errc::already_exists); // an id, too, stands once
}

TEST_CASE("catalog: made-up names are free ones") {
  catalog_stage s;
  std::set<std::string> names;
  for (int i = 0; i < 300; ++i) names.insert(s.claim("id" + std::to_string(i), "").value().display_name);
  CHECK(names.size() == 300);
}

TEST_CASE("catalog: finds by id, by name with and without a slash, by a prefix that only one has") {
  catalog_stage s;
  s.make("aabb", "web");
  s.make("aacc", "aab"); // its name is a prefix of the other's id: names come first
  CHECK(s.find("aabb").value().name.id == "aabb");
  CHECK(s.find("web").value().name.id == "aabb");
  CHECK(s.find("/web").value().name.id == "aabb");
  CHECK(s.find("aac").value().name.id == "aacc");
  CHECK(s.find("aab").value().name.id == "aacc");
}

TEST_CASE("catalog: a prefix that several have is refused, one that nobody has and none at all are not found") {
  catalog_stage s;
  s.make("aabb", "one");
  s.make("aacc", "two");
  CHECK(s.find("aa").why().code == errc::invalid_argument);
  CHECK(s.find("b").why().code == errc::not_found);
  CHECK(s.find("").why().code == errc::not_found);
  CHECK(s.find("/").why().code == errc::not_found);
}

TEST_CASE("catalog: namespaces never see each other's ids, names, prefixes, rows or execs") {
  catalog_stage s;
  s.make("aabb", "web");
  s.make("aabb", "web", 1, "k8s");
  s.make("aacc", "other", 1, "k8s");
  CHECK(s.find("aa").value().name == key{docker_namespace, "aabb"});
  CHECK(s.find("web", "k8s").value().name == key{"k8s", "aabb"});
  CHECK(s.find("other").why().code == errc::not_found);
  CHECK(s.table()->rows.size() == 1);
  CHECK(s.table("k8s")->rows.size() == 2);
  CHECK(s.table("elsewhere")->rows.empty());
  s.on.say(s.catalog, register_exec{"e1", {"k8s", "aabb"}});
  CHECK(s.on.ask<found_container>(s.catalog, find_exec{docker_namespace, "e1"}).why().code == errc::not_found);
  CHECK(s.on.ask<found_container>(s.catalog, find_exec{"k8s", "e1"}).ok());
  CHECK(s.on.ask<exec_list>(s.catalog, list_execs{{"k8s", "aabb"}}).value().exec_ids == std::vector<std::string>{"e1"});
  CHECK(s.on.ask<exec_list>(s.catalog, list_execs{{docker_namespace, "aabb"}}).value().exec_ids.empty());
  s.on.say(s.catalog, exec_ended{"e1"});
  CHECK(s.on.ask<found_container>(s.catalog, find_exec{"k8s", "e1"}).ok());
  CHECK(s.on.ask<exec_list>(s.catalog, list_execs{{"k8s", "aabb"}}).value().exec_ids.empty());
}

TEST_CASE("catalog: the table is newest first, shared while nothing changes, and never changed once given out") {
  catalog_stage s;
  s.make("old", "a", 1);
  s.make("new", "b", 2);
  auto before = s.table();
  CHECK(before == s.table());
  REQUIRE(before->rows.size() == 2);
  CHECK(before->rows[0]->name.id == "new");
  s.change("old", 3);
  auto after = s.table();
  CHECK(after != before);
  CHECK(after->rows[0]->name.id == "old");
  CHECK(before->rows[0]->name.id == "new");
  s.make("foreign", "c", 9, "k8s");
  CHECK(s.table() == after);
}

TEST_CASE("catalog: what is being created is found but not listed") {
  catalog_stage s;
  (void)s.claim("aabb", "web");
  CHECK_FALSE(s.find("web").value().view);
  CHECK(s.table()->rows.empty());
}

TEST_CASE("catalog: an endpoint is shown beside its sandbox's row") {
  catalog_stage s;
  s.make("aabb", "web");
  network_endpoint end;
  end.ip = "172.29.0.2";
  s.on.say(s.catalog, endpoint_changed{{docker_namespace, "aabb"}, {end}});
  CHECK(s.table()->endpoints.at(0).at(0).ip == "172.29.0.2");
  s.on.say(s.catalog, endpoint_changed{{docker_namespace, "aabb"}, {}});
  CHECK(s.table()->endpoints.at(0).empty());
}

TEST_CASE("catalog: a release frees name, id and execs; facts about what is gone change nothing") {
  catalog_stage s;
  s.make("aabb", "web");
  s.on.say(s.catalog, register_exec{"e1", {docker_namespace, "aabb"}});
  s.on.say(s.catalog, release_name{{docker_namespace, "aabb"}});
  s.change("aabb");
  CHECK(s.table()->rows.empty());
  CHECK_FALSE(s.on.ask<found_container>(s.catalog, find_exec{docker_namespace, "e1"}).ok());
  CHECK(s.claim("bbbb", "web").ok());
}

TEST_CASE("catalog: a failed creation that claimed no name takes away nobody else's") {
  catalog_stage s;
  s.make("aabb", "web");
  CHECK_FALSE(s.claim("bbbb", "web").ok());
  s.on.say(s.catalog, release_name{{docker_namespace, "bbbb"}});
  CHECK(s.find("web").value().name.id == "aabb");
}

TEST_CASE("catalog: a new name is taken in one step, or not at all") {
  catalog_stage s;
  s.make("aabb", "web");
  s.make("bbbb", "db");
  auto rename = [&](const std::string& to) {
    return s.on.ask<claimed>(s.catalog, change_name{{docker_namespace, "aabb"}, to});
  };
  CHECK(rename("db").why().code == errc::already_exists);
  CHECK(s.find("web").ok());
  CHECK(rename("front").ok());
  CHECK_FALSE(s.find("web").ok());
  CHECK(s.claim("cccc", "web").ok());
}

TEST_CASE("catalog: a container found again at the start has its name, and one made anew keeps it") {
  catalog_stage s;
  container_record record;
  record.name = {docker_namespace, "aabb"};
  record.display_name = "web";
  restore_container found{std::make_shared<const container_record>(record), {}, {}};
  for (int twice = 0; twice < 2; ++twice) {
    CHECK(s.on.ask<done>(s.catalog, found).ok());
    CHECK(s.find("web").value().view);
    CHECK(s.table()->rows.size() == 1);
  }
  CHECK(s.claim("bbbb", "web").why().code == errc::already_exists);
}

} // namespace gantry::test
