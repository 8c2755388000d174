#include "runtime/spec/edits.hpp"

#include <algorithm>

#include "runtime/spec/paths.hpp"

namespace gantry::spec {

std::vector<std::string> edited_environment(std::vector<std::string> env, const cdi::container_edits& edits) {
  for (const auto& assignment : edits.env) set_variable(env, assignment);
  return env;
}

void add_groups(std::vector<std::uint32_t>& groups, const cdi::container_edits& edits) {
  for (const auto group : edits.additional_gids)
    if (group != 0 && std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
}

result<json> hooks_json(const cdi::container_edits& edits) {
  auto hooks = json::object();
  for (const auto& one : edits.hooks) {
    GANTRY_TRY(check_text(one.path, "a CDI hook"));
    GANTRY_TRY(check_texts(one.args, "a CDI hook's argument"));
    GANTRY_TRY(check_texts(one.env, "a CDI hook's environment"));
    json made = {{"path", one.path}};
    if (!one.args.empty()) made["args"] = one.args;
    if (!one.env.empty()) made["env"] = one.env;
    if (one.timeout) made["timeout"] = *one.timeout;
    hooks[one.when].push_back(std::move(made));
  }
  return hooks;
}

} // namespace gantry::spec
