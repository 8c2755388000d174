#include "store/registry/docker_config.hpp"

#include <fstream>

#include "store/registry/base64.hpp"
#include "tests/catch.hpp"
#include "tests/store/blob/temporary_root.hpp"

using namespace gantry;
using namespace gantry::store;

namespace {

const char* const config_text = R"({
  "auths": {
    "https://index.docker.io/v1/": {"auth": "YW5uOnNlOmNyZXQ="},
    "https://old.example/v1/": {"username": "bob", "password": "pw"},
    "tokens.example": {"auth": "eDp5", "identitytoken": "refresh", "registrytoken": "bearer"},
    "empty.example": {}
  },
  "credHelpers": {"ecr.example": "ecr-login", "bad.example": "../../bin/sh"},
  "HttpHeaders": {"a": "b"}, "detachKeys": 5
})";

credentials find(const std::string& domain) {
  return *find_credentials(*docker_config::parse(config_text), domain, {});
}

} // namespace

TEST_CASE("credentials are found under the names that docker login writes") {
  CHECK(find("docker.io") == credentials{"ann", "se:cret", "", ""});
  CHECK(find("old.example") == credentials{"bob", "pw", "", ""});
  CHECK(find("tokens.example") == credentials{"x", "y", "refresh", "bearer"});
  CHECK(find("empty.example").anonymous());
  CHECK(find("localhost:5000").anonymous());
}

TEST_CASE("a credential helper is run by whoever can, or reported as needed") {
  auto config = *docker_config::parse(config_text);
  auto needed = find_credentials(config, "ecr.example", {});
  REQUIRE_FALSE(needed);
  CHECK(needed.error().code == errc::failed_precondition);
  CHECK_THAT(needed.error().message, test::contains("docker-credential-ecr-login"));
  std::string answer = R"({"ServerURL":"x","Username":"u","Secret":"s"})";
  run_credential_helper run = [&](const std::string& helper, const std::string& server) -> result<std::string> {
    CHECK(helper == "ecr-login");
    CHECK(server == "ecr.example");
    return answer;
  };
  CHECK(find_credentials(config, "ecr.example", run) == credentials{"u", "s", "", ""});
  answer = R"({"Username":"<token>","Secret":"s"})";
  CHECK(find_credentials(config, "ecr.example", run) == credentials{"", "", "s", ""});
  answer = "credentials not found";
  CHECK_FALSE(find_credentials(config, "ecr.example", run));
  CHECK(find_credentials(config, "bad.example", run).error().code == errc::invalid_argument);
}

TEST_CASE("a credentials store is asked for the servers that nothing else knows") {
  auto config =
      *docker_config::parse(R"({"credsStore": "pass", "auths": {"a.example": {"auth": "eDp5"}, "b.example": {}}})");
  run_credential_helper run = [](const std::string& helper, const std::string& server) -> result<std::string> {
    return R"({"Username":")" + helper + R"(","Secret":")" + server + R"("})";
  };
  CHECK(find_credentials(config, "a.example", run) == credentials{"x", "y", "", ""});
  CHECK(find_credentials(config, "docker.io", run) == credentials{"pass", "https://index.docker.io/v1/", "", ""});
}

TEST_CASE("a config that is not one is reported, a missing one is empty") {
  CHECK_FALSE(docker_config::parse("{"));
  CHECK_FALSE(docker_config::parse("[]"));
  CHECK_FALSE(docker_config::parse(R"({"auths": {"a": {"auth": "???"}}})"));
  CHECK_FALSE(docker_config::parse(R"({"auths": {"a": {"auth": "YWJj"}}})"));
  CHECK(docker_config::parse(R"({"auths": 5, "credHelpers": []})"));
  test::temporary_root root;
  auto path = docker_config_path(root.path().c_str(), "/nowhere");
  CHECK(path == root.path() + "/config.json");
  CHECK(docker_config_path(nullptr, "/home/a") == "/home/a/.docker/config.json");
  CHECK(docker_config::load(path)->auths.empty());
  std::ofstream(path) << "nonsense";
  auto bad = docker_config::load(path);
  REQUIRE_FALSE(bad);
  CHECK_THAT(bad.error().message, test::contains(path));
}
