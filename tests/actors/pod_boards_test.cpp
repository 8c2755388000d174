#include "messages/pod_boards.hpp"

#include "actors/catalog.hpp"
#include "actors/images.hpp"
#include "tests/actors/pod_stage.hpp"
#include "tests/store/sample_records.hpp"

// What doors read without asking: never older than what whoever reads it was told.

namespace gantry::test {
namespace {

struct board_stage : pod_stage {
  key pod = run().value().name;
  key one = create(pod).value().name;

  /// Asks for what the boards show from then on.
  void show() {
    (void)on.ask<container_table_ptr>(parts->catalog, list_containers{pods_namespace}).value();
    (void)list();
  }
  /// The container's state as it is shown; none where nothing is.
  [[nodiscard]] std::optional<phase> shown() const {
    auto table = parts->boards->containers.look();
    if (!table) return std::nullopt;
    REQUIRE(table->by_id.size() == 1);
    CHECK(table->rows.front() == table->by_id.front());
    return table->by_id.front()->state.now;
  }
  [[nodiscard]] std::optional<pod_phase> shown_pod() const {
    auto table = parts->boards->pods.look();
    if (!table) return std::nullopt;
    return table->by_id.empty() ? pod_phase::not_ready : table->by_id.front()->now;
  }
  /// Calls `look` at the moment at which the request is answered.
  template<class Handle, class Request, class F>
  void at_answer(const Handle& to, const Request& request, F look) {
    bool answered = false;
    on.spawn([&](caf::event_based_actor* self) {
      self->request(to, caf::infinite, request).then([&](const done&) {
        look();
        answered = true;
      });
    });
    on.run();
    CHECK(answered);
  }
};

} // namespace

TEST_CASE("boards: the tables of pods and of their containers are shown once they were asked for") {
  board_stage s;
  CHECK_FALSE(s.shown());
  CHECK_FALSE(s.shown_pod());
  s.show();
  CHECK(s.shown() == phase::created);
  CHECK(s.shown_pod() == pod_phase::ready);
  (void)s.create(s.pod, "second");
  CHECK_FALSE(s.shown());
  CHECK(s.shown_pod() == pod_phase::ready);
}

TEST_CASE("boards: who has the answer of a start, a stop or a removal reads no state from before it") {
  board_stage s;
  auto found = s.look(s.one);
  auto shows = [&](phase now) { return [&s, now] { CHECK((!s.shown() || s.shown() == now)); }; };
  s.show();
  s.at_answer(found.sandbox, start_container{"kubelet", s.one}, shows(phase::running));
  s.show();
  CHECK(s.shown() == phase::running);
  s.at_answer(s.all, stop_pod{s.pod.ns, s.pod.id}, [&] {
    CHECK((!s.shown() || s.shown() == phase::exited));
    CHECK((!s.shown_pod() || s.shown_pod() == pod_phase::not_ready));
  });
  s.show();
  CHECK(s.shown() == phase::exited);
  CHECK(s.shown_pod() == pod_phase::not_ready);
  s.at_answer(s.all, remove_pod{s.pod.ns, s.pod.id}, [&] {
    auto table = s.parts->boards->containers.look();
    CHECK((!table || table->rows.empty()));
    auto pods = s.parts->boards->pods.look();
    CHECK((!pods || pods->rows.empty()));
  });
}

TEST_CASE("boards: while a change is in the catalog's mailbox nothing is shown, even when the table is asked for") {
  stage on;
  auto boards = std::make_shared<pod_boards>();
  auto catalog = on.spawn(gantry::catalog, boards);
  (void)on.ask<claimed>(catalog, claim_name{{pods_namespace, "aa"}, "web", {}, {}}).value();
  container_record record;
  record.name = {pods_namespace, "aa"};
  tell(catalog, list_containers{pods_namespace}); // taken first
  tell_announced(boards->containers, catalog, container_changed{std::make_shared<const container_record>(record)});
  CHECK_FALSE(boards->containers.look());
  on.run();
  CHECK_FALSE(boards->containers.look());
  (void)on.ask<container_table_ptr>(catalog, list_containers{docker_namespace});
  CHECK_FALSE(boards->containers.look());
  (void)on.ask<container_table_ptr>(catalog, list_containers{pods_namespace});
  CHECK(boards->containers.look()->rows.size() == 1);
  tell_announced(boards->containers, catalog, release_name{record.name});
  on.run();
  CHECK_FALSE(boards->containers.look());
}

TEST_CASE("boards: images are always shown, with the names that pods know them by") {
  cast s;
  auto one = sample_image(1);
  images_parts with{s.parts->metadata, s.parts->snapshot, s.parts->events, {}};
  auto name = sample_name("alpine:3", one);
  auto images = s.on.spawn(gantry::images, with, std::vector<image>{one}, std::vector<image_name>{name});
  auto names = [&] { return with.boards->images.look()->at(one.id).names; };
  s.on.run();
  CHECK(names().empty()); // it is docker's
  tag_image tag{pods_namespace, one.id.str(), must(reference::parse("web:1"))};
  CHECK(s.on.ask<done>(images, tag).ok());
  REQUIRE(names().size() == 1);
  CHECK(names().front().name.tag == "1");
  CHECK(s.on.ask<removed_image>(images, remove_image{pods_namespace, "web:1"}).ok());
  CHECK(names().empty());
  CHECK(s.on.ask<removed_image>(images, remove_image{docker_namespace, "alpine:3"}).ok());
  CHECK(with.boards->images.look()->empty());
}

} // namespace gantry::test
