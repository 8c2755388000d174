#include <algorithm>

#include <spdlog/spdlog.h>

#include "actors/pods.hpp"
#include "actors/sandbox_of.hpp"

namespace gantry::pods_steps {
namespace {

/// A monitor lists thousands of containers.
constexpr std::chrono::seconds one_monitor{30};

bool contains(const std::vector<key>& list, const key& what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

void recover_one(self_pointer self, const pod_record& record, const recover_pods& found,
                 const std::function<void()>& then) {
  recover_pod request{record, contains(found.held, record.name), {}};
  for (const auto& one : found.containers)
    if (one.record.sandbox == record.name) request.containers.push_back(one);
  auto& made = add(self, record);
  ask<done>(self, made.supervisor, deadline::network, std::move(request), [name = record.name, then](const auto& r) {
    if (!r) spdlog::error("pod {}: {}", to_string(name), r.error().message);
    then();
  });
}

/// What is true of one pod, by the catalog's table and its monitor's list.
recover_pods truth_of(const pod_record& record, const container_table& table, const monitor::container_list& list) {
  recover_pods found{{record}, {}, list.pods};
  for (const auto& row : table.rows) {
    if (row->sandbox != record.name) continue;
    recover_container one{*row, {}};
    for (const auto& entry : list.containers)
      if (entry.container == row->name) one.truth = entry;
    found.containers.push_back(std::move(one));
  }
  return found;
}

} // namespace

caf::result<done> recover(self_pointer self, const recover_pods& found) {
  auto promise = self->make_response_promise<done>();
  auto open = std::make_shared<std::size_t>(found.pods.size() + 1);
  auto one_done = [open, promise]() mutable {
    if (--*open == 0) promise.deliver(done{});
  };
  for (const auto& record : found.pods) recover_one(self, record, found, one_done);
  one_done();
  return promise;
}

void revive(self_pointer self, const key& name) {
  const auto& parts = *self->state.parts;
  auto record = *self->state.pods.at(name).view;
  ask<container_table_ptr>(
      self, parts.catalog, deadline::inner, list_containers{name.ns},
      [self, record](const result<container_table_ptr>& table) {
        const auto& launcher = self->state.parts->launcher(record.monitor);
        ask<monitor::container_list>(
            self, launcher, one_monitor, monitor::list_containers{},
            [self, record, rows = table ? *table : std::make_shared<const container_table>()](const auto& list) {
              auto found = truth_of(record, *rows, list ? *list : monitor::container_list{});
              recover_one(self, record, found, [] {});
            });
      });
}

} // namespace gantry::pods_steps
