#include "actors/images.hpp"

#include "actors/events.hpp"
#include "tests/actors/cast.hpp"
#include "tests/store/sample_records.hpp"

namespace gantry::test {
namespace {

/// A puller that waits to be told how the pull ends.
struct fake_puller_state {
  caf::typed_response_promise<pulled_image> promise;
};
struct puller_script {
  int spawned = 0, joined = 0, cancelled = 0;
  std::function<void(result<pulled_image>)> end; ///< the last one's
};

puller_actor::behavior_type fake_puller(puller_actor::stateful_pointer<fake_puller_state> self, puller_script* play) {
  ++play->spawned;
  return {
      [=](const pull_image&) -> caf::result<pulled_image> {
        self->state.promise = self->make_response_promise<pulled_image>();
        play->end = [self](result<pulled_image> how) {
          self->context(nullptr);
          deliver(self->state.promise, std::move(how));
        };
        return self->state.promise;
      },
      [](const unpack_image&) { return pulled_image{}; },
      [=](const join_pull&) { ++play->joined; },
      [](const report_progress&) {},
      [=](const cancel_pull&) { ++play->cancelled; },
  };
}

struct images_stage : cast {
  image one = sample_image(1), two = sample_image(2);
  puller_script pulls;
  images_actor images;

  explicit images_stage(const std::vector<std::pair<std::string, int>>& names = {{"alpine:3", 1}}) {
    std::vector<image_name> found;
    for (const auto& [name, which] : names) found.push_back(sample_name(name, which == 1 ? one : two));
    images_parts with{parts->metadata, parts->snapshot, parts->events,
                      [this](const images_actor&) { return on.spawn(fake_puller, &pulls); }};
    images = on.spawn(gantry::images, with, std::vector<image>{one, two}, found);
  }
  answer<pulled_image> pull(const std::string& id, const registry_login& login = {}) {
    return on.ask<pulled_image>(
        images,
        pull_image{docker_namespace, must(reference::parse("busybox")), {"linux", "amd64", ""}, login, id, "c"});
  }
  void end(result<pulled_image> how) {
    pulls.end(std::move(how));
    on.run();
  }
  answer<found_image> find(const std::string& name, const std::string& ns = docker_namespace) {
    return on.ask<found_image>(images, find_image{ns, name});
  }
  answer<removed_image> remove(const std::string& name, bool force = false) {
    return on.ask<removed_image>(images, remove_image{docker_namespace, name, force});
  }
  void use(const std::string& name) {
    (void)on.ask<found_image>(images, use_image{docker_namespace, name, container_key()}).value();
  }
};

} // namespace

TEST_CASE("images: equal pulls are one, and all who asked are answered") {
  images_stage s;
  auto first = s.pull("p1"), second = s.pull("p2");
  CHECK(s.pulls.spawned == 1);
  CHECK(s.pulls.joined == 1);
  s.end(pulled_image{s.one.id, {}, true});
  CHECK(first.value().id == s.one.id);
  CHECK(second.value().id == s.one.id);
  (void)s.pull("p3");
  CHECK(s.pulls.spawned == 2); // the one before has ended
}

TEST_CASE("images: pulls with other rights are not joined") {
  images_stage s;
  (void)s.pull("p1");
  (void)s.pull("p2", {"user", "secret", "", ""});
  CHECK(s.pulls.spawned == 2);
}

TEST_CASE("images: a pull is given up when nobody waits for it any more, not before") {
  images_stage s;
  auto first = s.pull("p1"), second = s.pull("p2");
  s.on.say(s.images, abandon_pull{"p1"});
  CHECK(first.why().code == errc::cancelled);
  CHECK(s.pulls.cancelled == 0);
  s.on.say(s.images, abandon_pull{"p2"});
  CHECK(second.why().code == errc::cancelled);
  CHECK(s.pulls.cancelled == 1);
}

TEST_CASE("images: who asks again after all have left gets a pull, not the end of the one given up") {
  images_stage s;
  (void)s.pull("p1");
  s.on.say(s.images, abandon_pull{"p1"});
  auto given_up = s.pulls.end;
  auto late = s.pull("p2");
  CHECK(s.pulls.spawned == 2);
  given_up(fail(errc::cancelled, "nobody waits"));
  s.on.run();
  CHECK_FALSE(late.here());
  s.end(pulled_image{s.one.id, {}, true});
  CHECK(late.ok());
}

TEST_CASE("images: a pull that fails tells all, and the next one starts anew") {
  images_stage s;
  auto first = s.pull("p1"), second = s.pull("p2");
  s.end(fail(errc::not_found, "manifest unknown"));
  CHECK(first.why().message == "manifest unknown");
  CHECK(second.why().code == errc::not_found);
}

TEST_CASE("images: found by name, by id with and without its algorithm, by a prefix, by digest") {
  images_stage s;
  auto manifest = s.one.manifest_descriptor.content.str();
  for (const auto& name : {std::string("alpine:3"), std::string("docker.io/library/alpine:3"), s.one.id.str(),
                           s.one.id.hex(), s.one.id.hex().substr(0, 12), "alpine@" + manifest}) {
    INFO(name);
    CHECK(s.find(name).value().what->id == s.one.id);
  }
  CHECK(s.find("alpine").why().message == "No such image: alpine:latest");
  CHECK(s.find("alpine:3", "k8s").why().code == errc::not_found);
}

TEST_CASE("images: a pulled image is there under its name, and a name that moved leads to the new one") {
  images_stage s;
  auto name = sample_name("alpine:3", s.two);
  auto moved =
      s.on.ask<pulled_image>(s.images, image_pulled{std::make_shared<const image>(s.two), {name}, name.ns, "pull"});
  CHECK(moved.value().changed);
  CHECK(s.find("alpine:3").value().what->id == s.two.id);
  auto same =
      s.on.ask<pulled_image>(s.images, image_pulled{std::make_shared<const image>(s.two), {name}, name.ns, "pull"});
  CHECK_FALSE(same.value().changed);
}

TEST_CASE("images: what becomes of one is told as docker tells it, with its labels") {
  images_stage s;
  auto made = std::make_shared<image>(s.two);
  made->config.labels = {{"team", "x"}};
  auto name = sample_name("made:1", s.two);
  auto take = [&](std::vector<image_name> names, const std::string& what) {
    (void)s.on.ask<pulled_image>(s.images, image_pulled{made, std::move(names), name.ns, what}).value();
  };
  SECTION("a commit makes it, and tags it") {
    take({name}, "create");
    CHECK(s.actions() == std::vector<std::string>{"create", "tag"});
    CHECK(s.happened[0].attributes == std::map<std::string, std::string>{{"name", s.two.id.str()}, {"team", "x"}});
    CHECK(s.happened[1].attributes.at("name") == "made:1");
    CHECK(s.happened[1].id == s.two.id.str());
    (void)s.remove("made:1").value();
    REQUIRE(s.actions().at(2) == "untag");
    CHECK(s.happened[2].attributes.at("team") == "x");
  }
  SECTION("a load without a name") {
    take({}, "load");
    CHECK(s.actions() == std::vector<std::string>{"load"});
    CHECK(s.happened[0].id == s.two.id.str());
  }
  SECTION("a pull, by its name") {
    take({name}, "pull");
    CHECK(s.happened[0].id == "made:1");
    CHECK(s.happened[0].attributes.at("team") == "x");
  }
}

TEST_CASE("rmi: of the last name takes the image, and what the sweep finds unused") {
  images_stage s;
  auto removed = s.remove("alpine:3").value();
  CHECK(removed.untagged == std::vector<std::string>{"alpine:3"});
  CHECK(removed.deleted == std::vector<digest>{s.one.id});
  CHECK_FALSE(s.find("alpine:3").ok());
  CHECK(s.play.asked("snapshot.sweep_content"));
  CHECK(s.play.recorded.back().synced);
  CHECK(s.actions() == std::vector<std::string>{"untag", "delete"});
}

TEST_CASE("rmi: of one of several names takes the name alone") {
  images_stage s({{"alpine:3", 1}, {"alpine:latest", 1}});
  auto removed = s.remove("alpine").value();
  CHECK(removed.untagged == std::vector<std::string>{"alpine:latest"});
  CHECK(removed.deleted.empty());
  CHECK(s.find("alpine:3").ok());
  CHECK_FALSE(s.play.asked("snapshot.sweep_content"));
}

TEST_CASE("rmi: by id of an image with several names needs force, and then takes all") {
  images_stage s({{"alpine:3", 1}, {"alpine:latest", 1}});
  auto id = s.one.id.hex().substr(0, 12);
  CHECK(s.remove(id).why().code == errc::failed_precondition);
  CHECK(s.find("alpine:3").ok());
  CHECK(s.remove(id, true).value().untagged.size() == 2);
  CHECK_FALSE(s.find(s.one.id.str()).ok());
}

TEST_CASE("rmi: of an image that a container uses is refused without force; a second name goes freely") {
  images_stage s({{"alpine:3", 1}, {"alpine:latest", 1}});
  s.use("alpine:3");
  CHECK(s.remove("alpine:latest").ok());
  auto refused = s.remove("alpine:3");
  CHECK(refused.why().code == errc::failed_precondition);
  CHECK_THAT(refused.why().message, contains(container_key().id.substr(0, 12)));
  SECTION("with force") { CHECK(s.remove("alpine:3", true).ok()); }
  SECTION("when the container is gone") {
    s.on.say(s.images, release_image{container_key()});
    CHECK(s.remove("alpine:3").ok());
  }
}

TEST_CASE("rmi: an image that a container has mounted is in use as its own is, until it is gone") {
  images_stage s({{"alpine:3", 1}, {"data:1", 2}});
  s.use("alpine:3");
  s.use("data:1");
  CHECK(s.remove("alpine:3").why().code == errc::failed_precondition);
  CHECK(s.remove("data:1").why().code == errc::failed_precondition);
  s.on.say(s.images, release_image{container_key()});
  CHECK(s.remove("alpine:3").ok());
  CHECK(s.remove("data:1").ok());
}

TEST_CASE("rmi: nobody can begin to use an image while its removal is being recorded") {
  images_stage s;
  s.play.held.insert("metadata.other");
  auto removing = s.remove("alpine:3");
  auto late = s.on.ask<found_image>(s.images, use_image{docker_namespace, "alpine:3", container_key()});
  CHECK(late.why().code == errc::not_found);
  SECTION("a pull that brings it back meanwhile has its way") {
    auto view = std::make_shared<const image>(s.one);
    CHECK(
        s.on.ask<pulled_image>(s.images, image_pulled{view, {sample_name("alpine:3", s.one)}, docker_namespace, "pull"})
            .value()
            .changed);
    s.release("metadata.other");
    CHECK(s.find("alpine:3").ok());
  }
  s.release("metadata.other");
  CHECK(removing.ok());
}

TEST_CASE("rmi: a record that cannot be erased leaves the name") {
  images_stage s;
  s.play.fail("metadata.other");
  CHECK(s.remove("alpine:3").why().code == errc::unavailable);
  CHECK(s.find("alpine:3").ok());
}

TEST_CASE("rmi: what is not there is not found") {
  images_stage s;
  CHECK(s.remove("nope").why().code == errc::not_found);
}

TEST_CASE("tag: gives the image one more name, and takes one from another") {
  images_stage s({{"alpine:3", 1}, {"mine:1", 2}});
  auto tag = [&](const std::string& to) {
    return s.on.ask<done>(s.images, tag_image{docker_namespace, "alpine:3", must(reference::parse(to))});
  };
  CHECK(tag("new:1").ok());
  CHECK(s.find("new:1").value().what->id == s.one.id);
  CHECK(tag("mine:1").ok());
  CHECK(s.find("mine:1").value().what->id == s.one.id);
  CHECK(s.find("alpine:3").value().names.size() == 3);
}

TEST_CASE("images: a list has each image once with all its names, by namespace") {
  images_stage s({{"alpine:3", 1}, {"alpine:latest", 1}, {"mine:1", 2}});
  auto list = s.on.ask<image_list>(s.images, list_images{docker_namespace}).value().images;
  REQUIRE(list.size() == 2);
  CHECK(list[0].names.size() + list[1].names.size() == 3);
  CHECK(s.on.ask<image_list>(s.images, list_images{"k8s"}).value().images.empty());
}

TEST_CASE("pull: each is counted by its end") {
  images_stage s;
  auto count = [&](const std::string& name, const std::string& end) {
    auto said = s.on.ask<metrics>(s.images, read_metrics{}).value();
    for (const auto& one : said.all)
      for (const auto& sample : one.samples)
        if (one.name == name && (end.empty() || sample.labels.at(0).second == end)) return sample.value;
    return -1.0;
  };
  (void)s.pull("one");
  CHECK(count("gantry_pulls", "") == 1);
  s.end(pulled_image{});
  (void)s.pull("two");
  s.end(fail(errc::not_found, "manifest unknown"));
  (void)s.pull("three");
  s.on.say(s.images, abandon_pull{"three"});
  for (const auto* end : {"done", "failed", "cancelled"}) CHECK(count("gantry_pulls_total", end) == 1);
  CHECK(count("gantry_pulls", "") == 0);
}

} // namespace gantry::test
