#include <openssl/ssl.h>

#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/api/cri/streaming/stream_server.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cri;
using test::contains;

// What is the same over TLS and without is in server_test.cpp.
namespace {

streaming_options tls_options() {
  streaming_options options;
  options.certificate = test::shared_tls_files().certificate();
  options.key = test::shared_tls_files().key();
  return options;
}

/// The same place, for a client that speaks no TLS.
std::string plainly(const std::string& url) { return "http" + url.substr(5); }

/// Whether a client that knows no later version than that comes to terms with the server.
bool agrees(const std::string& url, int version) {
  auto where = url.substr(8, url.find('/', 8) - 8);
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
  ::SSL_CTX_set_max_proto_version(context.get(), version);
  ::SSL_CTX_set_cipher_list(context.get(), "DEFAULT@SECLEVEL=0"); // what is old is not for today's level
  std::unique_ptr<BIO, void (*)(BIO*)> client(::BIO_new_ssl_connect(context.get()), ::BIO_free_all);
  ::BIO_set_conn_hostname(client.get(), where.c_str());
  return ::BIO_do_handshake(client.get()) == 1;
}

constexpr wanted_streams output{false, true, false, false};

} // namespace

TEST_CASE("with a certificate and its key, URLs are for https, and TLS is 1.2 or later") {
  test::stream_server at(tls_options());
  at.engine->run([](test::monitor_end& process) { process.exit(0); });
  auto url = at.exec(output);
  CHECK(url.starts_with("https://127.0.0.1:"));
  CHECK_FALSE(agrees(url, TLS1_1_VERSION));
  CHECK(agrees(url, TLS1_2_VERSION));
  test::spdy_session exec(url, output);
  CHECK(nlohmann::json::parse(exec.client.read_all(exec.error))["status"] == "Success");
}

TEST_CASE("over TLS, the end of a stream is said and not only that of the connection") {
  auto options = tls_options();
  options.limits.goodbye_timeout = std::chrono::seconds(1);
  test::stream_server at(options);
  at.engine->run([](test::monitor_end& process) { process.exit(0); });
  test::spdy_session exec(at.exec(output), output);
  (void)exec.client.read_all(exec.error);
  exec.client.read_to_end();
  CHECK(exec.client.said_goodbye());
  test::http_client refused(at.exec(output));
  CHECK_THAT(refused.request("GET", ""), contains("400 Bad Request"));
  (void)refused.rest();
  CHECK(refused.said_goodbye());
}

TEST_CASE("who speaks HTTP where TLS is spoken is told so, and the URL is still good") {
  test::stream_server at(tls_options());
  at.engine->run([](test::monitor_end& process) { process.exit(0); });
  auto url = at.exec(output);
  test::http_client plain(plainly(url));
  CHECK_THAT(plain.request("POST", "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"), contains("400 Bad Request"));
  CHECK_THAT(plain.rest(), contains("https://"));
  test::spdy_session exec(url, output);
  CHECK(nlohmann::json::parse(exec.client.read_all(exec.error))["status"] == "Success");
}

TEST_CASE("clients that stall in the handshake, or send rubbish, hold up nobody and are cut off") {
  auto options = tls_options();
  options.limits.header_timeout = std::chrono::seconds(1);
  options.max_connections = 40;
  test::stream_server at(options);
  at.engine->run([](test::monitor_end& process) { process.exit(0); });
  std::vector<test::http_client> stalled;
  for (int i = 0; i < 30; ++i) {
    auto& one = stalled.emplace_back(plainly(at.exec(output)));
    if (i % 3 == 1) one.say(std::string("\x16\x03\x01\x02\x00\x01\x00", 7)); // the beginning of a ClientHello
    if (i % 3 == 2) one.say("rubbish");
  }
  test::spdy_session exec(at.exec(output), output);
  CHECK(nlohmann::json::parse(exec.client.read_all(exec.error))["status"] == "Success");
  for (auto& one : stalled) (void)one.rest(); // until the server hangs up; else the client's patience ends the test
}

TEST_CASE("files that TLS cannot be spoken with are refused by name") {
  const test::tls_files other("rsa:2048");
  auto refused = [](const std::string& certificate, const std::string& key) {
    streaming_options options;
    options.certificate = certificate;
    options.key = key;
    auto started = streaming_server::start(std::make_shared<test::fake_backend>(), options);
    REQUIRE_FALSE(started);
    return started.error().message;
  };
  auto write = [&other](const std::string& name, const std::string& content) {
    auto path = other.folder() + "/" + name;
    std::ofstream(path) << content;
    return path;
  };
  const auto good = test::shared_tls_files().certificate(), key = test::shared_tls_files().key();
  CHECK_THAT(refused("/nowhere/cert.pem", key), contains("/nowhere/cert.pem"));
  CHECK_THAT(refused(good, "/nowhere/key.pem"), contains("/nowhere/key.pem"));
  auto rubbish = write("rubbish.pem", "no PEM");
  CHECK_THAT(refused(rubbish, key), contains(rubbish + " is no certificate"));
  CHECK_THAT(refused(good, rubbish), contains(rubbish + " is not the private key"));
  CHECK_THAT(refused(key, key), contains(key + " is no certificate"));
  CHECK_THAT(refused(good, other.key()), contains(other.key() + " is not the private key"));
  const test::tls_files another("ec -pkeyopt ec_paramgen_curve:P-256");
  CHECK_THAT(refused(good, another.key()), contains(another.key() + " is not the private key"));
  // Nobody is asked for a passphrase.
  auto locked = other.folder() + "/locked.pem";
  auto line = fmt::format("openssl pkey -in {} -aes256 -passout pass:secret -out {}", key, locked);
  REQUIRE(std::system(line.c_str()) == 0);
  CHECK_THAT(refused(good, locked), contains(locked + " is not the private key, in PEM and without a passphrase"));
}
