#include "tools/gantry/commands/registry_auth.hpp"

#include <sys/stat.h>

#include <cstdlib>

#include "runtime/sys/files.hpp"
#include "store/registry/base64.hpp"
#include "tests/catch.hpp"
#include "tests/store/temporary_folder.hpp"
#include "tools/gantry/format/json.hpp"

using namespace gantry;
using namespace gantry::cli;

namespace {

/// A user's home with this config.json, and credential helpers on the PATH.
struct login_folder {
  test::temporary_folder folder;
  std::string old_path = std::getenv("PATH");

  explicit login_folder(const std::string& config) {
    write("config.json", config, 0600);
    ::setenv("DOCKER_CONFIG", folder.path().c_str(), 1);
    ::setenv("PATH", (folder.path() + ":" + old_path).c_str(), 1);
  }
  ~login_folder() {
    ::unsetenv("DOCKER_CONFIG");
    ::setenv("PATH", old_path.c_str(), 1);
  }
  login_folder(const login_folder&) = delete;
  login_folder& operator=(const login_folder&) = delete;

  void write(const std::string& name, const std::string& content, mode_t mode) const {
    auto path = folder.path() + "/" + name;
    REQUIRE(sys::write_file(path, content));
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  }
  void helper(const std::string& name, const std::string& lines) const {
    write("docker-credential-" + name, "#!/bin/sh\n" + lines, 0755);
  }
};

json decoded(std::string header) {
  for (auto& c : header) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return json::parse(store::decode_base64(header).value_or(""));
}

} // namespace

TEST_CASE("what docker login wrote goes along with a pull, and nothing for a registry that it did not name") {
  login_folder home(R"({"auths":{"registry.example":{"auth":")" + store::encode_base64("me:it's a s?cret") + R"("}}})");
  auto auth = registry_auth("registry.example");
  REQUIRE(auth);
  CHECK(decoded(*auth)["username"] == "me");
  CHECK(decoded(*auth)["password"] == "it's a s?cret");
  CHECK(registry_auth("other.example").value().empty());
}

TEST_CASE("a credential helper is asked for the server that it keeps") {
  login_folder home(R"({"credHelpers":{"registry.example":"kept"},"credsStore":"rest"})");
  home.helper(
      "kept",
      R"([ "$1" = get ] && server=`cat` && printf '{"ServerURL":"%s","Username":"<token>","Secret":"t"}' $server)");
  home.helper("rest", R"(echo "credentials not found in native keychain"; exit 1)");
  CHECK(decoded(registry_auth("registry.example").value())["identitytoken"] == "t");
  CHECK(registry_auth("other.example").value().empty());
}

TEST_CASE("a credential helper that fails is named, with what it said") {
  login_folder home(R"({"credHelpers":{"a.example":"locked","b.example":"absent","c.example":"../evil"}})");
  home.helper("locked", "echo the keyring is locked; exit 1");
  CHECK_THAT(registry_auth("a.example").error().message,
             test::contains("credentials of a.example from docker-credential-locked: the keyring is locked"));
  CHECK_THAT(registry_auth("b.example").error().message, test::contains("docker-credential-absent"));
  CHECK_THAT(registry_auth("c.example").error().message, test::contains("no plain name"));
}
