#include "actors/catalog.hpp"

#include <algorithm>

#include "actors/made_up_name.hpp"
#include "actors/sandbox_of.hpp"

namespace gantry {
namespace {

using name_key = std::pair<std::string, std::string>;

tl::unexpected<error> no_such(const std::string& name) { return fail(errc::not_found, "No such container: {}", name); }

result<void> check_free(const catalog_state& state, const key& asker, const std::string& display_name) {
  auto taken = state.names.find({asker.ns, display_name});
  if (taken == state.names.end()) return {};
  return fail(errc::already_exists,
              "Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to remove (or "
              "rename) that container to be able to reuse that name.",
              display_name, taken->second.id);
}

std::string free_made_up_name(const catalog_state& state, const std::string& ns) {
  for (unsigned attempt = 0;; ++attempt)
    if (auto name = made_up_name(attempt / 4); !state.names.contains({ns, name})) return name;
}

result<claimed> claim(catalog_state& state, const claim_name& request) {
  if (state.containers.contains(request.name))
    return fail(errc::already_exists, "a container with the id {} exists", request.name.id);
  auto name = request.display_name.empty() ? free_made_up_name(state, request.name.ns) : request.display_name;
  GANTRY_TRY(check_free(state, request.name, name));
  state.names.emplace(name_key{request.name.ns, name}, request.name);
  state.containers.emplace(request.name, catalog_state::entry{name, request.container, request.sandbox, {}, {}});
  return claimed{name};
}

result<claimed> change(catalog_state& state, const change_name& request) {
  auto found = state.containers.find(request.name);
  if (found == state.containers.end()) return no_such(request.name.id);
  GANTRY_TRY(check_free(state, request.name, request.display_name));
  state.names.erase({request.name.ns, found->second.display_name});
  state.names.emplace(name_key{request.name.ns, request.display_name}, request.name);
  found->second.display_name = request.display_name;
  return claimed{request.display_name};
}

/// A namespace's table is not true any more.
void drop_table(catalog_state& state, const std::string& ns) {
  state.tables.erase(ns);
  if (ns == pods_namespace) state.boards->containers.withdraw();
}

/// The one place where an entry's view changes: they stay counted.
void set_view(catalog_state& state, catalog_state::entry& entry, container_view view) {
  if (entry.view) --state.by_phase[entry.view->state.now];
  if (view) ++state.by_phase[view->state.now];
  entry.view = std::move(view);
}

/// Until its sandbox says more: the networks that it will be on.
void set_first_view(catalog_state::entry& entry, const container_record& record) {
  if (!in_pod(record)) entry.endpoints = sandbox_of(record).endpoints;
}

void release(catalog_state& state, const key& name) {
  auto found = state.containers.find(name);
  if (found == state.containers.end()) return;
  ++(found->second.view ? state.removed : state.not_created);
  set_view(state, found->second, nullptr);
  state.names.erase({name.ns, found->second.display_name});
  state.containers.erase(found);
  std::erase_if(state.execs, [&](const auto& exec) { return exec.second.container == name; });
  drop_table(state, name.ns);
}

void restore(catalog_state& state, const restore_container& found) {
  const auto& record = *found.view;
  state.names[{record.name.ns, record.display_name}] = record.name;
  auto& entry = state.containers[record.name];
  entry.display_name = record.display_name;
  entry.container = found.container;
  entry.sandbox = found.sandbox;
  set_view(state, entry, found.view);
  set_first_view(entry, record);
  drop_table(state, record.name.ns);
}

void change_view(catalog_state& state, const container_view& view) {
  auto found = state.containers.find(view->name);
  if (found == state.containers.end()) return;
  if (!found->second.view) {
    ++state.created;
    set_first_view(found->second, *view);
  }
  set_view(state, found->second, view);
  drop_table(state, view->name.ns);
}

void change_endpoints(catalog_state& state, const endpoint_changed& fact) {
  auto found = state.containers.find(fact.sandbox);
  if (found == state.containers.end()) return;
  found->second.endpoints = fact.endpoints;
  drop_table(state, fact.sandbox.ns);
}

found_container to_found(const key& name, const catalog_state::entry& entry) {
  return {name, entry.container, entry.sandbox, entry.view};
}

result<found_container> find_by_prefix(const catalog_state& state, const std::string& ns, const std::string& prefix) {
  auto first = state.containers.lower_bound(key{ns, prefix});
  auto fits = [&](auto it) {
    return it != state.containers.end() && it->first.ns == ns && it->first.id.starts_with(prefix);
  };
  if (prefix.empty() || !fits(first)) return no_such(prefix);
  if (first->first.id != prefix && fits(std::next(first)))
    return fail(errc::invalid_argument, "Multiple IDs found with provided prefix: {}", prefix);
  return to_found(first->first, first->second);
}

result<found_container> find(const catalog_state& state, const find_container& request) {
  if (auto exact = state.containers.find({request.ns, request.name}); exact != state.containers.end())
    return to_found(exact->first, exact->second);
  auto bare = request.name.starts_with('/') ? request.name.substr(1) : request.name;
  if (auto named = state.names.find({request.ns, bare}); named != state.names.end())
    return to_found(named->second, state.containers.at(named->second));
  return find_by_prefix(state, request.ns, request.name);
}

container_table_ptr table_of(catalog_state& state, const std::string& ns) {
  auto& table = state.tables[ns];
  if (table) return table;
  std::vector<const catalog_state::entry*> entries;
  for (auto it = state.containers.lower_bound({ns, ""}); it != state.containers.end() && it->first.ns == ns; ++it)
    if (it->second.view) entries.push_back(&it->second);
  auto made = std::make_shared<container_table>();
  for (auto* entry : entries) made->by_id.push_back(entry->view);
  std::sort(entries.begin(), entries.end(), [](auto* a, auto* b) { return a->view->created_at > b->view->created_at; });
  for (auto* entry : entries) {
    made->rows.push_back(entry->view);
    made->endpoints.push_back(entry->endpoints);
  }
  table = made;
  if (ns == pods_namespace) state.boards->containers.show(table);
  return table;
}

metrics figures(const catalog_state& state) {
  std::map<std::string, std::uint64_t> by_state; // "starting" is "created", as everywhere else
  for (auto p :
       {phase::created, phase::running, phase::paused, phase::restarting, phase::exited, phase::removing, phase::dead})
    by_state[std::string(to_string(p))] = 0;
  for (const auto& [now, count] : state.by_phase) by_state[std::string(to_string(now))] += count;
  metrics made;
  made.add("gantry_containers", "Containers by state.", metric::kind::gauge, samples_by("state", by_state));
  made.count("gantry_container_creations_total", "Containers created.", state.created);
  made.count("gantry_container_creation_failures_total", "Creations that failed after they had a name.",
             state.not_created);
  made.count("gantry_container_removals_total", "Containers removed.", state.removed);
  return made;
}

} // namespace

catalog_actor::behavior_type catalog(catalog_actor::stateful_pointer<catalog_state> self,
                                     std::shared_ptr<pod_boards> boards) {
  auto& state = self->state;
  state.boards = std::move(boards);
  return {
      [&state](const claim_name& request) { return to_caf(claim(state, request)); },
      [&state](const change_name& request) { return to_caf(change(state, request)); },
      [&state](const release_name& request) {
        release(state, request.name);
        state.boards->containers.took();
      },
      [&state](const restore_container& found) {
        restore(state, found);
        state.boards->containers.took();
        return done{};
      },
      [&state](const find_container& request) { return to_caf(find(state, request)); },
      [&state](const list_containers& request) { return table_of(state, request.ns); },
      [&state](const container_changed& fact) {
        change_view(state, fact.view);
        state.boards->containers.took();
      },
      [&state](const endpoint_changed& fact) {
        change_endpoints(state, fact);
        state.boards->containers.took();
      },
      [&state](const register_exec& fact) { state.execs[fact.exec_id] = {fact.container}; },
      [&state](const exec_ended& fact) {
        if (auto found = state.execs.find(fact.exec_id); found != state.execs.end()) found->second.ended = true;
      },
      [&state](const forget_exec& fact) { state.execs.erase(fact.exec_id); },
      [&state](const find_exec& request) -> caf::result<found_container> {
        auto found = state.execs.find(request.exec_id);
        if (found == state.execs.end() || found->second.container.ns != request.ns)
          return to_caf(error{errc::not_found, "No such exec instance: " + request.exec_id, 0});
        return to_caf(find(state, {request.ns, found->second.container.id}));
      },
      [&state](const list_execs& request) {
        exec_list answer;
        for (const auto& [id, exec] : state.execs)
          if (exec.container == request.container && !exec.ended) answer.exec_ids.push_back(id);
        return answer;
      },
      [&state](const read_metrics&) { return figures(state); },
  };
}

} // namespace gantry
