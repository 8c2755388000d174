#include "tools/gantry/commands/common.hpp"

#include <ctime>

#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

std::string container_path(const std::string& name, std::string_view action) {
  auto path = "/containers/" + http::escape(name);
  if (!action.empty()) path += fmt::format("/{}", action);
  return path;
}

std::string short_id(std::string_view id) {
  if (auto colon = id.find(':'); colon != std::string_view::npos) id.remove_prefix(colon + 1);
  return std::string(id.substr(0, 12));
}

result<std::string> filters_of(const std::vector<std::string>& given) {
  if (given.empty()) return std::string();
  json filters = json::object();
  for (const auto& each : given) {
    auto [key, value] = cut(each, '=');
    if (key.empty() || each.find('=') == std::string::npos)
      return fail(errc::invalid_argument, "--filter {}: write KEY=VALUE", each);
    filters[key][value] = true;
  }
  return to_line(filters);
}

std::int64_t unix_now() { return std::time(nullptr); }

void list_options::declare(option_set& app) {
  app.value("--format", format, "table, json, or a template such as '{{.ID}}' or 'table {{.ID}}\\t{{.Status}}'");
  app.flag("--json", as_json, "One JSON document a line");
  app.flag("-q,--quiet", quiet, "Print ids alone");
  app.flag("--no-trunc", no_trunc, "Print ids and commands whole");
  app.list("-f,--filter", filters, "Show what matches KEY=VALUE");
}

result<int> print_list(context& with, const listing& what, const list_options& how, const std::string& id_field) {
  if (how.quiet && how.effective_format().empty()) {
    for (const auto& row : what.rows) with.io.out << text(row, id_field) << '\n';
    return 0;
  }
  GANTRY_TRY(print_listing(what, how.effective_format(), with.io.out));
  return 0;
}

result<int> container_action::execute(context& with, const operands& given) {
  return for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
    auto target = container_path(name, action_);
    GANTRY_TRY(extend(target));
    GANTRY_TRY(with.api.post(target));
    return name;
  });
}

result<void> container_action::extend(std::string&) const { return {}; }

} // namespace gantry::cli
