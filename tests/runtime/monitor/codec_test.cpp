#include "tests/catch.hpp"

#include "runtime/monitor/protocol/codec.hpp"
#include "runtime/sys/overlay_mount.hpp"

namespace {

using namespace gantry;
using namespace gantry::monitor;

const key web{"docker", "abc"};

start_container full_start() {
  start_container m;
  m.container = web;
  m.runtime = {"/usr/sbin/runc", "/run/oci", {"--a", "--b"}};
  m.bundle = "/run/bundles/abc";
  m.config_json = std::string(100'000, '{');
  m.root = {{"/l/1", "/l/2"}, "/u", "/w", true, 64 << 20};
  m.files = {{"hosts", "127.0.0.1 localhost\n"}, {"hostname", ""}};
  m.tty = m.stdin_once = true;
  m.log = {"json-file", "/log", 10'000, 3, true, 1 << 20, {{"tag", "t"}}};
  m.console_height = 24;
  m.console_width = 80;
  m.oom_cgroup = "/sys/fs/cgroup/memory/x";
  m.shm = "/proc/1/fd/9";
  m.users = {"/proc/1/fd/10", 100'000, 200'000};
  m.mapped = {
      {"/volume", true, {{0, 1, 2}}, {{3, 4, 5}}}, {"/other", false}, {"", false, {}, {}, {"/layers/1", "/layers/2"}}};
  return m;
}

make_pod_namespaces full_pod() {
  make_pod_namespaces m;
  m.sandbox = web;
  m.network = m.uts = m.pid = true;
  m.uids = {{0, 100'000, 65'536}};
  m.gids = {{0, 200'000, 1}, {1, 300'000, 2}};
  m.hostname = "pod";
  m.sysctls = {{"net.core.somaxconn", "7"}};
  m.cgroup = "/kubepods/x";
  m.shm_bytes = 64 << 20;
  return m;
}

std::vector<message> one_of_each() {
  run_process run{{"/bin/true"}, {"A=b"}, std::string("\0input", 6), std::chrono::milliseconds(7), 99};
  container_entry entry{web, 42, 4242, true, 137, true, 1, 2};
  return {request(full_start()),
          request(exec_process{web, "e", "{}", true, true, true, 1, 2, 4097}),
          request(signal_process{web, "e", 15}),
          request(signal_all{web, 9}),
          request(pause_container{web}),
          request(resume_container{web}),
          request(delete_container{web, {"/crun", "/r", {}}, "/b", true}),
          request(open_stream{web, "e", open_stream::kind::follow_log, true, false, true}),
          request(resize_terminal{web, "", 5, 6}),
          request(make_network_namespace{web}),
          request(drop_network_namespace{web}),
          request(run),
          request(list_containers{}),
          request(adopt_container{full_start(), 7, 8}),
          request(shut_down{}),
          request(reopen_log{web}),
          request(full_pod()),
          request(drop_pod_namespaces{web}),
          reply(done{}),
          reply(started{1, 2, "/usr/sbin/runc", "linux.intelRdt"}),
          reply(stream_token{"t", "/s"}),
          reply(namespace_path{"/proc/1/fd/2"}),
          reply(process_result{3, "out", "err"}),
          reply(container_list{{entry, entry}}),
          reply(pod_namespaces{"/n", "/i", "/u", "/p", "/U", "/m", 7}),
          error{errc::timeout, "too late", 110},
          process_exited{web, "e", 1, true, true, 5, "out"},
          greeting{protocol_version, 77}};
}

TEST_CASE("every message comes back as it was sent, whatever the pieces it arrives in") {
  auto piece = GENERATE(std::size_t{1}, std::size_t{13}, std::size_t{1} << 20);
  frame_reader reader;
  std::uint64_t id = 0;
  for (const auto& what : one_of_each()) {
    auto bytes = encode(++id, what).value();
    std::optional<frame_of_message> got;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.add(std::string_view(bytes).substr(at, piece));
      if (piece == 1 && at % 997 != 0 && at + 1 < bytes.size()) continue;
      auto next = reader.next();
      REQUIRE(next);
      if (*next) got = std::move(**next);
    }
    REQUIRE(got);
    CHECK(got->id == id);
    CHECK(got->what.index() == what.index());
    // Equal bytes are equal fields: the encoding has one form.
    CHECK(encode(id, got->what).value() == bytes);
  }
}

TEST_CASE("fields keep their places") {
  frame_reader reader;
  reader.add(encode(1, request(full_start())).value());
  auto what = std::get<start_container>(std::get<request>(reader.next().value()->what));
  CHECK(what.runtime.flags == std::vector<std::string>{"--a", "--b"});
  CHECK(what.root.lower.size() == 2);
  CHECK(what.root.volatile_upper);
  CHECK_FALSE(what.open_stdin);
  CHECK(what.stdin_once);
  CHECK(what.log.max_files == 3);
  CHECK(what.files == full_start().files);
  CHECK(what.console_width == 80);
  CHECK(what.users.root_gid == 200'000);
  CHECK(what.mapped.at(0).gids.at(0).outside == 4);
  CHECK(what.mapped.at(1).uids.empty());
  CHECK(what.mapped.at(2).layers == full_start().mapped.at(2).layers);
}

TEST_CASE("hostile frames are refused") {
  auto good = encode(1, request(shut_down{})).value();
  SECTION("a length over the limit") {
    good[3] = 0x7f;
    frame_reader reader;
    reader.add(good);
    CHECK(reader.next().error().code == errc::corrupt);
  }
  SECTION("an unknown kind") {
    good[12] = 99;
    frame_reader reader;
    reader.add(good);
    CHECK(reader.next().error().code == errc::corrupt);
  }
  SECTION("a payload that is too long or short for its kind") {
    auto start = encode(1, request(full_start())).value();
    for (std::size_t cut : {1U, 100U, 100'000U}) {
      auto bytes = start.substr(0, start.size() - cut);
      auto length = static_cast<std::uint32_t>(bytes.size() - frame_header_bytes);
      bytes.replace(0, sizeof length, reinterpret_cast<const char*>(&length), sizeof length);
      frame_reader reader;
      reader.add(bytes);
      CHECK(reader.next().error().code == errc::corrupt);
    }
  }
}

TEST_CASE("overlay options name the topmost layer first and escape what overlayfs splits at") {
  sys::overlay_plan plan{{"/base", "/a:b,c"}, "/u", "/w", "/t", true};
  CHECK(overlay_options(plan, "") == "lowerdir=/a\\:b\\,c:/base,upperdir=/u,workdir=/w,index=off,redirect_dir=off,"
                                     "metacopy=off,volatile");
}

TEST_CASE("an overlay without a writable layer names none") {
  sys::overlay_plan plan{{"/base", "/top"}, "", "", "/t"};
  CHECK(overlay_options(plan, "") == "lowerdir=/top:/base,index=off,redirect_dir=off,metacopy=off");
}

TEST_CASE("layers below one folder get short names") {
  sys::overlay_plan plan{{"/store/layers/1", "/store/layers/12"}, "/u", "/w", "/t", false};
  auto base = sys::common_folder(plan.lower);
  CHECK(base == "/store/layers/");
  CHECK(overlay_options(plan, base).starts_with("lowerdir=12:1,"));
}

} // namespace
