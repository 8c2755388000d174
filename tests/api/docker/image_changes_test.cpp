#include "api/docker/parse/image_changes.hpp"

#include "api/docker/parse/target_name.hpp"
#include "api/docker/render/push_progress.hpp"
#include "messages/domain/changes_of.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::docker;

namespace {

result<image_changes> parse(std::initializer_list<std::string> lines) {
  std::vector<std::string> list(lines);
  return parse_image_changes(list);
}

} // namespace

TEST_CASE("changes: each instruction that may stand there") {
  auto made =
      parse({"CMD [\"a\", \"b c\"]", "entrypoint run it", "ENV A=1 B=\"two words\"", "ENV C rest of it",
             "EXPOSE 80 53/udp", "HEALTHCHECK --interval=1m30s --retries=3 CMD test -f /x", "LABEL a=b",
             "ONBUILD RUN x", "STOPSIGNAL SIGINT", "USER 1:2", "VOLUME [\"/a b\"]", "VOLUME /c /d", "WORKDIR /w"});
  REQUIRE(made);
  using words = std::vector<std::string>;
  CHECK(*made->cmd == words{"a", "b c"});
  CHECK(*made->entrypoint == words{"/bin/sh", "-c", "run it"});
  CHECK(made->env == words{"A=1", "B=two words", "C=rest of it"});
  CHECK(made->exposed_ports == words{"80/tcp", "53/udp"});
  CHECK(made->health->test == words{"CMD-SHELL", "test -f /x"});
  CHECK(made->health->interval == std::chrono::seconds(90));
  CHECK(made->health->retries == 3);
  CHECK(made->labels.at("a") == "b");
  CHECK(made->on_build == words{"RUN x"});
  CHECK(*made->stop_signal == "SIGINT");
  CHECK(*made->user == "1:2");
  CHECK(made->volumes == words{"/a b", "/c", "/d"});
  CHECK(*made->working_dir == "/w");
}

TEST_CASE("changes: all else is refused, and named") {
  for (const auto* bad : {"FROM x", "RUN x", "COPY a b", "", "CMD", "ENV", "ENV A", "ENV =x", "ENV A=1 B", "ENV A=\"x",
                          "EXPOSE 0", "EXPOSE 80/icmp", "EXPOSE 99999", "USER a b", "HEALTHCHECK x",
                          "HEALTHCHECK --retries=x CMD a", "HEALTHCHECK --interval=5 CMD a", "CMD a\nRUN b"}) {
    INFO(bad);
    auto made = parse({bad});
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, test::contains("changes"));
  }
}

TEST_CASE("changes: an entrypoint takes the command below it away, a command no entrypoint") {
  image_changes under, over;
  under.cmd = {{"old"}};
  under.entrypoint = {{"entry"}};
  over.entrypoint = {{"new"}};
  CHECK(merged(under, over).cmd->empty());
  over = {};
  over.cmd = {{"new"}};
  CHECK(*merged(under, over).entrypoint == std::vector<std::string>{"entry"});
}

TEST_CASE("changes: a container's own options are its image's defaults") {
  container_options options;
  options.env = {"A=1", "PATH"};
  options.cmd = {"run"};
  mount_request anonymous, named;
  anonymous.type = named.type = mount_request::kind::volume;
  anonymous.target = "/a", named.target = "/n", named.source = "data";
  options.mounts = {anonymous, named};
  auto made = changes_of(options);
  CHECK(made.env == std::vector<std::string>{"A=1"});
  CHECK(made.volumes == std::vector<std::string>{"/a"});
  CHECK_FALSE(made.entrypoint);
  options.entrypoint.emplace();
  options.cmd.clear();
  CHECK(changes_of(options).cmd->empty());
}

TEST_CASE("the name of an image that is made") {
  auto name = [](const char* text) { return target_name(*query::parse(text)); };
  CHECK(name("repo=app&tag=1")->value().str() == "docker.io/library/app:1");
  CHECK(name("repo=app")->value().tag == "latest");
  CHECK_FALSE(name("tag=1")->has_value());
  CHECK_FALSE(name("repo=App"));
  CHECK_FALSE(name(("repo=app@sha256:" + std::string(64, 'a')).c_str()));
}

TEST_CASE("push progress: each step once, and the end for people and for programs") {
  using step = layer_progress::step;
  push_progress progress;
  auto layer = digest::parse("sha256:" + std::string(64, 'a')).value();
  CHECK_THAT(progress.lines({layer, step::waiting, 0, 9}), test::contains("Preparing") && test::contains("Waiting"));
  CHECK_THAT(progress.lines({layer, step::pushing, 4, 9}), test::contains(R"("current":4)"));
  CHECK(progress.lines({layer, step::pushing, 4, 9}).empty());
  CHECK_THAT(progress.lines({layer, step::pushed, 9, 9}), test::contains("Pushed"));
  CHECK(progress.lines({layer, step::pushed, 9, 9}).empty());
  auto end = push_end(*reference::parse("app:1"), {layer, 7, {}});
  CHECK_THAT(end, test::contains("1: digest: sha256:aaa") && test::contains(R"("aux":{"Tag":"1")") &&
                      test::contains(R"("Size":7)"));
}
