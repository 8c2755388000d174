#include "api/docker/endpoints/container_filter.hpp"

#include <algorithm>

#include "api/docker/render/container.hpp"
#include "messages/domain/reference.hpp"

namespace gantry::docker::endpoints {
namespace {

bool has_prefix(const std::set<std::string>& prefixes, const std::string& id) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const auto& one) { return !one.empty() && id.starts_with(one); });
}

/// docker matches a name as a regular expression; a part of it, or the whole between ^/ and $, is what people write.
bool name_fits(const std::string& pattern, const std::string& name) {
  std::string_view text = pattern;
  auto whole = "/" + name;
  bool from_start = text.starts_with('^'), to_end = text.ends_with('$');
  if (from_start) text.remove_prefix(1);
  if (to_end && !text.empty()) text.remove_suffix(1);
  std::string_view bare = from_start && !text.starts_with('/') ? std::string_view(name) : std::string_view(whole);
  if (from_start && to_end) return bare == text;
  if (from_start) return bare.starts_with(text);
  if (to_end) return bare.ends_with(text);
  return bare.find(text) != std::string_view::npos;
}

bool named(const filters& wanted, const container_record& row) {
  const auto& patterns = wanted.of("name");
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return name_fits(p, row.display_name); });
}

bool descends(const filters& wanted, const container_record& row) {
  if (!wanted.has("ancestor")) return true;
  auto name = reference::parse(row.image_name);
  for (const auto& one : wanted.of("ancestor")) {
    auto bare = one.starts_with("sha256:") ? one.substr(7) : one;
    if (bare.size() >= 12 && row.image_id.hex().starts_with(bare)) return true;
    auto asked = reference::parse(one);
    if (asked && name && asked->str() == name->str()) return true;
  }
  return false;
}

bool in_network(const filters& wanted, const container_record& row, const std::vector<network_endpoint>& ends) {
  const auto& mode = row.options.network_mode;
  if (!wanted.has("network") || wanted.allows("network", mode) || wanted.allows("network", network_id(mode)))
    return true;
  return std::any_of(ends.begin(), ends.end(), [&](const network_endpoint& end) {
    return wanted.allows("network", end.asked.name) || wanted.allows("network", end.network);
  });
}

bool has_volume(const filters& wanted, const container_record& row) {
  if (!wanted.has("volume")) return true;
  return std::any_of(row.mounts.begin(), row.mounts.end(), [&](const resolved_mount& m) {
    return wanted.allows("volume", m.name) || wanted.allows("volume", m.target) || wanted.allows("volume", m.source);
  });
}

bool exited_with(const filters& wanted, const container_record& row) {
  return !wanted.has("exited") ||
         (row.state.now == phase::exited && wanted.allows("exited", std::to_string(row.state.exit_code)));
}

std::string health_word(const std::optional<health_state>& health) {
  return health ? std::string(to_string(health->now)) : "none";
}

bool shows(const filters& wanted, const container_record& row, const std::vector<network_endpoint>& ends) {
  return (!wanted.has("id") || has_prefix(wanted.of("id"), row.name.id)) && named(wanted, row) &&
         wanted.allows_labels(row.options.labels) && wanted.allows("status", std::string(to_string(row.state.now))) &&
         descends(wanted, row) && exited_with(wanted, row) && in_network(wanted, row, ends) &&
         has_volume(wanted, row) && wanted.allows("health", health_word(row.state.health));
}

result<void> check_status(const filters& wanted) {
  static constexpr std::string_view known[] = {"created",  "running", "paused", "restarting",
                                               "removing", "exited",  "dead"};
  for (const auto& one : wanted.of("status"))
    if (std::find(std::begin(known), std::end(known), one) == std::end(known))
      return fail(errc::invalid_argument, "invalid filter 'status={}'", one);
  return {};
}

result<void> check_health(const filters& wanted) {
  static constexpr std::string_view known[] = {"none", "starting", "healthy", "unhealthy"};
  for (const auto& one : wanted.of("health"))
    if (std::find(std::begin(known), std::end(known), one) == std::end(known))
      return fail(errc::invalid_argument, "invalid filter 'health={}'", one);
  return {};
}

/// The creation time of the container that `before` or `since` names; 0 without such a filter.
result<unix_nanos> mark(const container_table& table, const filters& wanted, const std::string& filter) {
  for (const auto& one : wanted.of(filter)) {
    for (const auto& row : table.rows)
      if (row->display_name == one || (!one.empty() && row->name.id.starts_with(one))) return row->created_at;
    return fail(errc::not_found, "No such container: {}", one);
  }
  return 0;
}

} // namespace

result<std::vector<std::size_t>> select_rows(const container_table& table, const filters& wanted, listing how) {
  GANTRY_TRY(wanted.check({"ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label",
                           "label!", "name", "network", "publish", "since", "status", "volume"}));
  GANTRY_TRY(check_status(wanted));
  GANTRY_TRY(check_health(wanted));
  GANTRY_LET(auto before, mark(table, wanted, "before"));
  GANTRY_LET(auto since, mark(table, wanted, "since"));
  // A filter by state, a limit and a mark imply all (docker ps: "--last", "--filter status=").
  bool all = how.all || how.limit != 0 || wanted.has("status") || wanted.has("exited") || before != 0 || since != 0;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = *table.rows[i];
    bool up = row.state.now == phase::running || row.state.now == phase::paused || row.state.now == phase::restarting;
    if (how.limit != 0 && rows.size() == how.limit) break;
    if ((!all && !up) || (before != 0 && row.created_at >= before) || (since != 0 && row.created_at <= since)) continue;
    if (shows(wanted, row, table.endpoints[i])) rows.push_back(i);
  }
  return rows;
}

} // namespace gantry::docker::endpoints
