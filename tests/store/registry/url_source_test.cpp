#include "store/registry/url_source.hpp"
#include "tests/store/registry/client_fixture.hpp"

using namespace gantry;
using namespace gantry::test;
using store::url_source, store::download_limits;

namespace {

const url_source::permission always = [] { return result<void>(); };

/// All that is at `url`, in reads of the size given.
result<std::string> read_all(const std::string& url, download_limits limits = {}, std::size_t piece = 1000,
                             const url_source::permission& may_go_on = always) {
  GANTRY_LET(auto source, url_source::open(url, may_go_on, limits));
  std::string all, buffer(piece, '\0');
  for (;;) {
    GANTRY_LET(auto got, source->read(buffer));
    if (got == 0) return all;
    all.append(buffer, 0, got);
  }
}

scripted_reply redirect_to(const std::string& location) { return {302, {{"Location", location}}, "moved"}; }

TEST_CASE_METHOD(download_fixture, "what is at a URL comes whole, in the reader's own time") {
  std::string big;
  while (big.size() < 3'000'000) big += bytes;
  scripted_server server([&](const http_message&) { return scripted_reply{200, {}, big}; });
  auto piece = GENERATE(std::size_t{1000}, std::size_t{1} << 20);
  CHECK(read_all("http://" + server.host() + "/a.tar", {}, piece) == big);
  auto source = url_source::open("http://" + server.host() + "/a.tar", always);
  REQUIRE(source);
  CHECK((*source)->size() == big.size());
}

TEST_CASE("redirects are followed, but not for ever, and only to http and https") {
  scripted_server server([&](const http_message& request) {
    if (request.target == "/a") return redirect_to("b?x=1");
    if (request.target == "/b?x=1") return scripted_reply{200, {}, "there"};
    if (request.target == "/file") return redirect_to("file:///etc/passwd");
    return redirect_to(request.target);
  });
  auto at = "http://" + server.host();
  CHECK(read_all(at + "/a") == "there");
  CHECK_THAT(read_all(at + "/circle").error().message, contains("more than 5 times"));
  CHECK(read_all(at + "/file").error().code == errc::invalid_argument);
}

TEST_CASE("what is no http URL is refused without a request") {
  for (const auto* url : {"file:///etc/passwd", "ftp://h/x", "gopher://h", "http://", "x", "http://me:secret@h/x"}) {
    INFO(url);
    auto got = read_all(url);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::invalid_argument);
    CHECK_THAT(got.error().message, !contains("secret"));
  }
}

TEST_CASE("a status that is no success is an error that names it") {
  scripted_server server([](const http_message& request) {
    return scripted_reply{std::stoi(request.target.substr(1)), {}, std::string(100'000, 'x')};
  });
  auto code = [&](int status) { return read_all("http://" + server.host() + "/" + std::to_string(status)).error(); };
  CHECK(code(404).code == errc::not_found);
  CHECK_THAT(code(404).message, contains("404"));
  CHECK(code(403).code == errc::denied);
  CHECK(code(500).code == errc::unavailable);
  CHECK(code(302).code == errc::invalid_argument); // to nowhere
}

TEST_CASE("a body that breaks off is an error, after the bytes that came") {
  scripted_server server([](const http_message&) {
    scripted_reply reply{200, {}, "half of it", after::close};
    reply.length = 1000;
    return reply;
  });
  auto source = url_source::open("http://" + server.host(), always);
  REQUIRE(source);
  std::string buffer(100, '\0');
  CHECK((*source)->read(buffer) == 10u);
  CHECK((*source)->read(buffer).error().code == errc::unavailable);
}

TEST_CASE("a server that says nothing more is given up, and so is what nobody wants any more") {
  auto says_head = GENERATE(true, false);
  scripted_server server([&](const http_message&) {
    scripted_reply reply{200, {}, says_head ? "x" : "", after::hang};
    reply.length = 1000;
    return reply;
  });
  download_limits limits;
  limits.stall_timeout = std::chrono::milliseconds(300);
  CHECK(read_all("http://" + server.host(), limits).error().code == errc::timeout);
  int asked = 0;
  auto twice = [&asked]() -> result<void> {
    if (++asked > 2) return fail(errc::cancelled, "nobody is there");
    return {};
  };
  CHECK(read_all("http://" + server.host(), {}, 1000, twice).error().code == errc::cancelled);
}

TEST_CASE("a download has a longest time and a largest size") {
  scripted_server server([](const http_message&) { return scripted_reply{200, {}, std::string(2000, 'x')}; });
  CHECK(read_all("http://" + server.host(), {.max_bytes = 2000}));
  CHECK(read_all("http://" + server.host(), {.max_bytes = 1999}).error().code == errc::exhausted);
  scripted_server slow([](const http_message&) {
    scripted_reply reply{200, {}, std::string(100, 'x')};
    reply.drip = true;
    return reply;
  });
  download_limits limits;
  limits.whole_timeout = std::chrono::milliseconds(500);
  CHECK(read_all("http://" + slow.host(), limits).error().code == errc::timeout);
}

TEST_CASE("a server that is not there is unavailable") {
  std::string host;
  {
    scripted_server gone([](const http_message&) { return scripted_reply{}; });
    host = gone.host();
  }
  auto got = read_all("http://" + host);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::unavailable);
  CHECK_THAT(got.error().message, contains(host));
}

} // namespace
