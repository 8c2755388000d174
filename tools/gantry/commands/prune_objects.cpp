#include "tools/gantry/commands/prune_objects.hpp"

#include <unistd.h>

#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

result<bool> confirm_prune(context& with, const std::string& what, bool forced) {
  if (forced) return true;
  if (!with.io.in_is_terminal)
    return fail(errc::failed_precondition, "prune would remove {}: without a terminal, ask for it with --force", what);
  with.io.out << "This will remove " << what << ". Go on? [y/N] " << std::flush;
  char answer = 0;
  return ::read(with.io.in_fd, &answer, 1) == 1 && (answer == 'y' || answer == 'Y');
}

result<void> prune(context& with, const prune_kind& kind, const std::vector<std::string>& filters,
                   std::int64_t& reclaimed) {
  std::string target(kind.path);
  GANTRY_LET(auto wanted, filters_of(filters));
  if (!wanted.empty()) http::add_query(target, "filters", wanted);
  GANTRY_LET(auto answer, with.api.post(target));
  reclaimed += number(answer, "SpaceReclaimed");
  const auto& removed = at(answer, kind.field);
  if (!removed.is_array() || removed.empty()) return {};
  with.io.out << kind.heading << ":\n";
  for (const auto& each : removed) {
    if (each.is_string()) with.io.out << each.get<std::string>() << '\n';
    if (!each.is_object()) continue;
    for (const auto& [what, which] : each.items()) with.io.out << what << ": " << text(each, what) << '\n';
  }
  with.io.out << '\n';
  return {};
}

void print_reclaimed(context& with, std::int64_t bytes) {
  with.io.out << "Total reclaimed space: " << human_size(static_cast<double>(bytes)) << '\n';
}

void prune_command::declare(option_set& app) {
  app.flag("-f,--force", forced_, "Do not ask");
  app.flag("-a,--all", all_, "All that is unused, not only what has no name");
  app.list("--filter", filters_, "Remove what matches KEY=VALUE");
}

result<int> prune_command::execute(context& with, const operands&) {
  GANTRY_LET(auto agreed, confirm_prune(with, std::string(kind_.what), forced_));
  if (!agreed) return 0;
  // The two kinds say "all" in different words (Engine API, "ImagePrune", "VolumePrune").
  if (all_) filters_.emplace_back(kind_.path == prune_images.path ? "dangling=false" : "all=true");
  std::int64_t reclaimed = 0;
  GANTRY_TRY(prune(with, kind_, filters_, reclaimed));
  print_reclaimed(with, reclaimed);
  return 0;
}

} // namespace gantry::cli
