#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "messages/domain/manifest.hpp"
#include "tests/store/registry/client_fixture.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

/// A child whose output goes to a file of `folder`; killed and reaped at the end.
class child {
public:
  child(std::vector<std::string> command, const std::string& log) {
    std::vector<char*> arguments;
    for (auto& one : command) arguments.push_back(one.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&files, 1, 2);
    if (::posix_spawnp(&pid_, arguments[0], &files, nullptr, arguments.data(), environ) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&files);
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = -1;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

private:
  pid_t pid_ = -1;
};

int free_port() {
  sys::unique_fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(probe.get(), reinterpret_cast<sockaddr*>(&at), size) != 0) return 0;
  ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin_port);
}

bool listens(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 600; ++i) {
    sys::unique_fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) return true;
    ::poll(nullptr, 0, 50);
  }
  return false;
}

/// An OCI image layout with one image of three layers, tagged v1.
class image_layout {
public:
  explicit image_layout(const std::string& folder) : folder_(folder) {
    REQUIRE(sys::make_directories(folder + "/blobs/sha256", 0700));
    nlohmann::ordered_json layers = nlohmann::ordered_json::array();
    for (int i = 0; i < 3; ++i) layers.push_back(add(media_type::oci_layer_gzip, layer(i)));
    auto config = add(media_type::oci_config, R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}})");
    nlohmann::ordered_json manifest{
        {"schemaVersion", 2}, {"mediaType", media_type::oci_manifest}, {"config", config}, {"layers", layers}};
    auto top = add(media_type::oci_manifest, manifest.dump());
    top["annotations"] = {{"org.opencontainers.image.ref.name", "v1"}};
    std::ofstream(folder + "/index.json") << nlohmann::ordered_json{{"schemaVersion", 2}, {"manifests", {top}}};
    std::ofstream(folder + "/oci-layout") << R"({"imageLayoutVersion":"1.0.0"})";
  }

private:
  nlohmann::ordered_json add(const char* type, const std::string& content) {
    auto name = store::digest_of(content);
    std::ofstream(folder_ + "/blobs/sha256/" + name.hex()) << content;
    return {{"mediaType", type}, {"digest", name.str()}, {"size", content.size()}};
  }
  std::string layer(int number) {
    auto file = folder_ + "/file" + std::to_string(number);
    std::ofstream(file) << std::string(static_cast<std::size_t>(number + 1) * 300000, static_cast<char>('a' + number));
    child tar({"tar", "-C", folder_, "-czf", file + ".tgz", "file" + std::to_string(number)}, "/dev/null");
    REQUIRE(tar.wait() == 0);
    return *sys::read_file(file + ".tgz", 1 << 20);
  }

  std::string folder_;
};

enum class encryption { none, tls };

/// Debian's docker-registry on loopback; with `users`, behind basic authentication.
class real_registry {
public:
  real_registry(const std::string& folder, const std::string& users, encryption how)
      : folder_(folder), port_(free_port()) {
    std::ofstream config(folder + "/config.yml");
    config << "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: " << folder
           << "/data\nhttp:\n  addr: " << host() << "\n";
    if (how == encryption::tls) {
      auto made = child({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody", "-keyout",
                         folder + "/key", "-out", folder + "/cert", "-days", "2"},
                        "/dev/null")
                      .wait();
      REQUIRE(made == 0);
      config << "  tls:\n    certificate: " << folder << "/cert\n    key: " << folder << "/key\n";
    }
    write_users(config, users);
    config.close();
    server_ = std::make_unique<child>(std::vector<std::string>{"docker-registry", "serve", folder + "/config.yml"},
                                      folder + "/log");
    REQUIRE(listens(port_));
  }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  void push(const std::string& layout, const std::string& user) const {
    std::vector<std::string> command{"skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false"};
    if (!user.empty()) command.push_back("--dest-creds=" + user);
    command.push_back("oci:" + layout + ":v1");
    command.push_back("docker://" + host() + "/team/app:v1");
    REQUIRE(child(command, folder_ + "/skopeo").wait() == 0);
  }

private:
  void write_users(std::ostream& config, const std::string& users) const {
    if (users.empty()) return;
    std::ofstream(folder_ + "/users") << users << "\n";
    config << "auth:\n  htpasswd:\n    realm: gantry\n    path: " << folder_ << "/users\n";
  }

  std::string folder_;
  int port_;
  std::unique_ptr<child> server_;
};

/// Everything that a pull downloads.
void download_all(store::registry_client& client, const store::blob_store& blobs, const reference& image,
                  const store::credentials& who) {
  auto found = get_manifest(client, image, who);
  REQUIRE(found);
  auto parsed = parse_manifest(found->bytes, found->content_type);
  REQUIRE(parsed);
  const auto& top = std::get<manifest>(*parsed);
  answer<std::string> config;
  client.get_document(image, top.config, max_config_bytes, who, config.take());
  CHECK(config.get());
  std::vector<std::shared_ptr<store::ingest>> arriving;
  std::vector<answer<void>> arrived(top.layers.size());
  for (auto& one : arrived) {
    arriving.push_back(*blobs.begin(top.layers[arriving.size()]));
    client.get_blob(image, arriving.back(), who, 1, {}, one.take());
  }
  for (auto& one : arrived) CHECK(one.get());
  for (auto& one : arriving) CHECK(one->commit());
  CHECK(blobs.list()->size() == top.layers.size());
}

/// The test of one registry: root/layout, root/registry and root/store.
struct pushed_image {
  temporary_root root;
  std::string users;
  std::string login;

  pushed_image(std::string users_, std::string login_, encryption how = encryption::none)
      : users(std::move(users_)), login(std::move(login_)) {
    REQUIRE(sys::make_directories(root.path() + "/registry", 0700));
    image_layout layout(root.path() + "/layout");
    registry = std::make_unique<real_registry>(root.path() + "/registry", users, how);
    registry->push(root.path() + "/layout", login);
  }
  std::unique_ptr<real_registry> registry;
  store::blob_store blobs = *store::blob_store::open(root.path() + "/store");
};

bool installed() {
  if (::access("/usr/bin/docker-registry", X_OK) == 0 && ::access("/usr/bin/skopeo", X_OK) == 0) return true;
  WARN("docker-registry and skopeo are not installed: not tested against a real registry");
  return false;
}

// bcrypt of "secret", which is all that docker-registry reads.
const std::string ann = "ann:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

} // namespace

TEST_CASE("an image is downloaded from a real registry", "[registry]") {
  if (!installed()) return;
  pushed_image pushed("", "");
  store::registry_client client;
  download_all(client, pushed.blobs, image_at(pushed.registry->host()), {});
  auto missing = image_at(pushed.registry->host());
  missing.tag = "v2";
  auto got = get_manifest(client, missing);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::not_found);
  CHECK_THAT(got.error().message, test::contains("manifest unknown"));
}

TEST_CASE("a real registry with users wants the right password", "[registry]") {
  if (!installed()) return;
  pushed_image pushed(ann, "ann:secret");
  store::registry_client client;
  auto image = image_at(pushed.registry->host());
  CHECK(get_manifest(client, image).error().code == errc::denied);
  CHECK(get_manifest(client, image, {"ann", "wrong", "", ""}).error().code == errc::denied);
  download_all(client, pushed.blobs, image, {"ann", "secret", "", ""});
}

TEST_CASE("a real registry resumes a download", "[registry]") {
  if (!installed()) return;
  pushed_image pushed("", "");
  store::registry_client client;
  auto image = image_at(pushed.registry->host());
  auto found = get_manifest(client, image);
  REQUIRE(found);
  auto parsed = parse_manifest(found->bytes, found->content_type);
  REQUIRE(parsed);
  auto layer = std::get<manifest>(*parsed).layers.at(2);
  auto content = sys::read_file(pushed.root.path() + "/layout/blobs/sha256/" + layer.content.hex(), 1 << 20);
  REQUIRE(content);
  REQUIRE((*pushed.blobs.begin(layer))->append(std::span(*content).first(100)));
  auto into = *pushed.blobs.begin(layer);
  CHECK(into->resumed_from() == 100);
  REQUIRE(get_blob(client, image, into));
  REQUIRE(into->commit());
}

TEST_CASE("a real registry on loopback with a certificate of its own is spoken to by TLS", "[registry]") {
  if (!installed()) return;
  pushed_image pushed("", "", encryption::tls);
  store::registry_client client;
  download_all(client, pushed.blobs, image_at(pushed.registry->host()), {});
}
