#include "tests/api/cri/streaming/stream_server.hpp"

#include <cstdlib>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"

namespace gantry::test {

tls_files::tls_files(const std::string& kind) {
  std::string made = "/tmp/gantry-tls-XXXXXX";
  REQUIRE(::mkdtemp(made.data()) != nullptr);
  folder_ = made;
  auto line =
      fmt::format("openssl req -x509 -newkey {} -nodes -subj /CN=loopback -days 2 -keyout {} -out {} 2>/dev/null", kind,
                  key(), certificate());
  REQUIRE(std::system(line.c_str()) == 0);
}

tls_files::~tls_files() { (void)sys::remove_tree(folder_); }

const tls_files& shared_tls_files() {
  static const tls_files files("ec -pkeyopt ec_paramgen_curve:P-256");
  return files;
}

stream_server::stream_server(cri::streaming_options options) {
  auto started = cri::streaming_server::start(engine, std::move(options));
  REQUIRE(started);
  server = std::move(*started);
}

std::string stream_server::exec(cri::wanted_streams streams, const std::string& command) {
  return server->url_for(cri::exec_request{"c", {command}, streams}).value();
}

std::string stream_server::attach(cri::wanted_streams streams) {
  return server->url_for(cri::attach_request{"c", streams}).value();
}

std::string stream_server::forward() { return server->url_for(cri::port_forward_request{"pod"}).value(); }

namespace {

cri::streaming_options with_tls(cri::streaming_options options, bool wanted) {
  if (!wanted) return options;
  options.certificate = shared_tls_files().certificate();
  options.key = shared_tls_files().key();
  return options;
}

} // namespace

either_server::either_server(cri::streaming_options options)
    : stream_server(with_tls(std::move(options), GENERATE(false, true))) {}

spdy_session::spdy_session(const std::string& url, cri::wanted_streams streams, const std::string& protocols)
    : client(url) {
  CHECK_THAT(client.upgrade(protocols), contains("101 Switching Protocols"));
  error = client.open({{"streamtype", "error"}});
  if (streams.in) in = client.open({{"streamtype", "stdin"}});
  if (streams.out) out = client.open({{"streamtype", "stdout"}});
  if (streams.err) err = client.open({{"streamtype", "stderr"}});
  if (streams.tty) resize = client.open({{"streamtype", "resize"}});
}

} // namespace gantry::test
