#include <spdlog/spdlog.h>

#include "api/engine_crew.hpp"
#include "store/sweep.hpp"

namespace gantry {
namespace {

/// Nothing runs yet: whatever no record reaches is left of a crash.
result<void> sweep(const store::layout& paths, store::database& database, store::everything& records) {
  GANTRY_LET(auto listed, store::list_folders(paths));
  auto garbage = store::unreachable(records, listed, {}, now());
  for (const auto& sentence : garbage.missing) spdlog::error("store: {}", sentence);
  for (const auto& name : garbage.unclaimed_volumes)
    spdlog::warn("store: volume {} has content but no record: it is kept, and not listed", name);
  if (!garbage.withheld.empty()) spdlog::error("store: {}", garbage.withheld);
  if (!garbage.records.empty()) GANTRY_TRY(database.apply(garbage.records, sys::durability::synced));
  auto swept = store::remove_garbage(paths, garbage);
  for (const auto& failure : swept.failures) spdlog::error("store: sweep: {}", failure.message);
  GANTRY_LET(records, database.load_all());
  return {};
}

} // namespace

result<opened_store> open_store(const std::string& path) {
  opened_store opened;
  GANTRY_LET(auto root, store::root::open(path));
  opened.root = std::make_unique<store::root>(std::move(root));
  const auto& paths = opened.root->paths();
  GANTRY_LET(auto database, store::database::open(paths.database()));
  opened.database = std::make_shared<store::database>(std::move(database));
  GANTRY_LET(opened.records, opened.database->load_all());
  for (const auto& problem : opened.records.problems)
    spdlog::error("store: record {} of {}: {}", problem.row, problem.table, problem.cause.message);
  GANTRY_TRY(sweep(paths, *opened.database, opened.records));
  return opened;
}

} // namespace gantry
