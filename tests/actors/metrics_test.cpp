#include <algorithm>

#include "actors/admission.hpp"
#include "actors/catalog.hpp"
#include "actors/events.hpp"
#include "actors/launch_tally.hpp"
#include "tests/actors/cast.hpp"
#include "tests/actors/whole_engine.hpp"

namespace gantry::test {
namespace {

/// What an actor says under a name, of the sample whose only label has this value; -1 when it says nothing.
double figure(stage& on, const metered_actor& of, const std::string& name, const std::string& label = {}) {
  auto said = on.ask<metrics>(of, read_metrics{}).value();
  for (const auto& one : said.all)
    if (one.name == name)
      for (const auto& sample : one.samples)
        if (label.empty() ? sample.labels.empty() : sample.labels.at(0).second == label) return sample.value;
  return -1;
}

caf::actor holder(stage& on) {
  return on.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
}

event_subscriber_actor::behavior_type sleeper(event_subscriber_actor::pointer) {
  return {[](const event_batch&) {}};
}

void view(stage& on, const catalog_actor& catalog, const std::string& id, phase now) {
  container_record record;
  record.name = record.sandbox = {docker_namespace, id};
  record.state.now = now;
  on.say(catalog, container_changed{std::make_shared<const container_record>(record)});
}

} // namespace

TEST_CASE("metrics: the catalog counts containers by state, through all that happens to them") {
  stage on;
  catalog_actor catalog = on.spawn(gantry::catalog, std::make_shared<pod_boards>());
  for (auto id : {"a", "b", "c"})
    (void)on.ask<claimed>(catalog, claim_name{{docker_namespace, id}, id, {}, {}}).value();
  CHECK(figure(on, catalog, "gantry_containers", "created") == 0); // none is there before it has a record
  view(on, catalog, "a", phase::created);
  view(on, catalog, "a", phase::running);
  view(on, catalog, "b", phase::running);
  view(on, catalog, "b", phase::exited);
  CHECK(figure(on, catalog, "gantry_containers", "created") == 0);
  CHECK(figure(on, catalog, "gantry_containers", "running") == 1);
  CHECK(figure(on, catalog, "gantry_containers", "exited") == 1);
  CHECK(figure(on, catalog, "gantry_container_creations_total") == 2);
  on.say(catalog, release_name{{docker_namespace, "b"}});
  on.say(catalog, release_name{{docker_namespace, "c"}}); // which never came to be
  CHECK(figure(on, catalog, "gantry_containers", "exited") == 0);
  CHECK(figure(on, catalog, "gantry_container_removals_total") == 1);
  CHECK(figure(on, catalog, "gantry_container_creation_failures_total") == 1);
}

TEST_CASE("metrics: a container found again at the start is counted, and not as created") {
  stage on;
  catalog_actor catalog = on.spawn(gantry::catalog, std::make_shared<pod_boards>());
  container_record record;
  record.name = {docker_namespace, "a"};
  record.display_name = "web";
  record.state.now = phase::running;
  for (int twice = 0; twice < 2; ++twice)
    (void)on.ask<done>(catalog, restore_container{std::make_shared<const container_record>(record), {}, {}}).value();
  CHECK(figure(on, catalog, "gantry_containers", "running") == 1);
  CHECK(figure(on, catalog, "gantry_container_creations_total") == 0);
}

TEST_CASE("metrics: admission says who holds, who waits and who was refused") {
  stage on;
  admission_limits limits;
  limits.creation = {1, 1};
  admission_actor admission = on.spawn(gantry::admission, limits);
  auto who = holder(on);
  for (int i = 0; i < 3; ++i) (void)on.ask<slot>(admission, acquire_slot{work_kind::creation, "c", who.address()});
  CHECK(figure(on, admission, "gantry_admission_slots", "creation") == 1);
  CHECK(figure(on, admission, "gantry_admission_held", "creation") == 1);
  CHECK(figure(on, admission, "gantry_admission_waiting", "creation") == 1);
  CHECK(figure(on, admission, "gantry_admission_refused_total", "creation") == 1);
  CHECK(figure(on, admission, "gantry_admission_held", "launch") == 0);
  on.crash(who);
  CHECK(figure(on, admission, "gantry_admission_held", "creation") == 0);
  CHECK(figure(on, admission, "gantry_admission_waiting", "creation") == 0);
}

TEST_CASE("metrics: events are counted, and those that a slow subscriber lost") {
  stage on;
  events_actor events = on.spawn(gantry::events);
  (void)on.ask<subscription>(events, subscribe_events{docker_namespace, "", on.spawn(sleeper), 0}).value();
  for (std::size_t i = 0; i < buffered_events + 3; ++i) // the first goes out at once, and the next is never asked for
    on.say(events, event{docker_namespace, event::subject::container, "start", "a", {}, 1});
  CHECK(figure(on, events, "gantry_events_total") == buffered_events + 3);
  CHECK(figure(on, events, "gantry_events_dropped_total") == 2);
  CHECK(figure(on, events, "gantry_event_subscribers") == 1);
}

TEST_CASE("metrics: starts are counted by launcher, native's fall-backs by a bounded number of reasons") {
  launch_tally tally;
  auto value = [&](const std::string& name, const std::string& label) {
    metrics said;
    tally.say(said);
    for (const auto& one : said.all)
      for (const auto& sample : one.samples)
        if (one.name == name && (label.empty() || sample.labels.at(0).second == label)) return sample.value;
    return -1.0;
  };
  tally.started({1, 1, "native", ""});
  tally.started({1, 1, "/usr/sbin/runc", ""});
  auto words = [](const std::string& member) { return "the native launcher does not implement " + member; };
  for (std::size_t i = 0; i < launch_tally::most_reasons + 5; ++i)
    tally.started({1, 1, "/usr/sbin/runc", words("member" + std::to_string(i))});
  tally.started({1, 1, "/usr/sbin/runc", words("member0")});
  tally.failed({"/usr/bin/crun", "", {}, false});
  tally.failed({"/usr/sbin/runc", "", {}, true});
  CHECK(value("gantry_container_starts_total", "native") == 1);
  CHECK(value("gantry_container_starts_total", "runc") == launch_tally::most_reasons + 7);
  CHECK(value("gantry_native_fallbacks_total", "member0") == 2);
  CHECK(value("gantry_native_fallbacks_total", "other") == 5);
  CHECK(value("gantry_container_start_failures_total", "crun") == 1);
  CHECK(value("gantry_container_start_failures_total", "native") == 1);
  monitor::process_exited end;
  end.oom_killed = true;
  tally.exited(end);
  end.exec_id = "e";
  tally.exited(end);
  CHECK(value("gantry_container_exits_total", "") == 1);
  CHECK(value("gantry_container_oom_kills_total", "") == 1);
}

TEST_CASE("metrics: an engine's door is told of all actors that own figures") {
  whole_engine e;
  auto actors = e.on.ask<engine_actors>(e.engine, ask_actors{}).value();
  std::set<std::string> names;
  for (const auto& one : actors.metered) {
    auto said = e.on.ask<metrics>(one, read_metrics{}).value();
    for (const auto& metric : said.all) names.insert(metric.name);
  }
  for (const auto* name : {"gantry_containers", "gantry_images", "gantry_events_total", "gantry_admission_held"})
    CHECK(names.contains(name));
}

} // namespace gantry::test
