#include <algorithm>

#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/daemon/endpoint.hpp"
#include "tools/gantry/format/json.hpp"
#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

namespace {

const entry* find(std::span<const entry> entries, std::string_view name) {
  auto found = std::find_if(entries.begin(), entries.end(), [&](const entry& e) { return e.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<std::string> names_of(std::span<const entry> entries) {
  std::vector<std::string> names;
  for (const auto& e : entries)
    if (e.in_lists == entry::listing::shown) names.emplace_back(e.name);
  return names;
}

std::vector<std::string> options_of(const verb& v) {
  option_set app{std::string()};
  auto made = v.make();
  made->declare(app);
  return app.long_names();
}

void add_strings(const json& list, std::vector<std::string>& to) {
  for (const auto& each : list)
    if (each.is_string()) to.push_back(each.get<std::string>());
}

/// The names that the daemon knows, when one runs: Tab starts none.
std::vector<std::string> objects_of(http::client& api, std::string_view kind) {
  std::vector<std::string> names;
  if (kind == "container")
    for (const auto& c : api.get("/containers/json?all=1").value_or(json::array())) add_strings(at(c, "Names"), names);
  if (kind == "image")
    for (const auto& i : api.get("/images/json").value_or(json::array())) add_strings(at(i, "RepoTags"), names);
  if (kind == "volume") {
    auto answer = api.get("/volumes").value_or(json::object());
    for (const auto& v : at(answer, "Volumes")) names.push_back(text(v, "Name"));
  }
  if (kind == "network")
    for (const auto& n : api.get("/networks").value_or(json::array())) names.push_back(text(n, "Name"));
  for (auto& name : names)
    if (name.starts_with('/')) name.erase(0, 1);
  return names;
}

/// The kind of the last of `operands_so_far`: the first of a list for the first, and so on, the last for all others.
std::string_view kind_of(std::string_view kinds, std::span<const std::string> operands_so_far) {
  auto left = std::count_if(operands_so_far.begin(), operands_so_far.end(),
                            [](const std::string& each) { return !each.starts_with('-') || each == "-"; });
  for (auto comma = kinds.find(','); comma != std::string_view::npos && left > 0; comma = kinds.find(','), --left)
    kinds.remove_prefix(comma + 1);
  return kinds.substr(0, kinds.find(','));
}

class complete_command : public command {
public:
  void declare(option_set&) override {}

  /// The words so far, the last one (perhaps empty) is to be completed.
  result<int> execute(context& with, const operands& given) override {
    if (given.empty()) return 0;
    const auto& last = given.back();
    auto candidates = candidates_for(given);
    for (const auto& each : candidates)
      if (each.starts_with(last)) with.io.out << each << '\n';
    return 0;
  }

private:
  static std::vector<std::string> candidates_for(const operands& words) {
    auto entries = all_verbs();
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      const auto* found = find(entries, words[i]);
      if (!found) continue; // an option before the verb
      if (const auto* g = std::get_if<const group*>(&found->what)) {
        entries = (*g)->entries;
        continue;
      }
      const auto& v = *std::get<const verb*>(found->what);
      if (words.back().starts_with('-')) return options_of(v);
      auto where = endpoint::choose("");
      if (!where || v.completes.empty()) return {};
      http::client running([where] { return connect_to(*where); });
      const auto before = std::span(words).subspan(i + 1, words.size() - i - 2);
      return objects_of(running, kind_of(v.completes, before));
    }
    return names_of(entries);
  }
};

} // namespace

const verb complete_verb{.operands = "-- WORD...",
                         .summary = "The words that may stand last (for completion scripts)",
                         .most = any_number,
                         .make = make_command<complete_command>,
                         .where = verb::order::options_first};

} // namespace gantry::cli
