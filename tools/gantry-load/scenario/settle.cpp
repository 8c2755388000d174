#include "tools/gantry-load/scenario/settle.hpp"

#include <filesystem>

#include <fmt/format.h>

namespace gantry::load {

namespace {

using namespace std::chrono_literals;

/// Reading may take this share of the time at most: the engine has work to do on the same cores.
constexpr int idle_share = 10;

std::size_t folders_in(const std::string& path) {
  std::error_code failed, gone;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed))
    if (at->is_directory(gone) && !at->is_symlink(gone) && !at->path().filename().string().starts_with("idle-"))
      ++count;
  return count;
}

} // namespace

folder_counts::folder_counts(std::vector<std::string> folders) : folders_(std::move(folders)) {
  for (const auto& folder : folders_) counts_.push_back(folders_in(folder));
}

std::optional<std::string> folder_counts::grown() const {
  for (std::size_t i = 0; i < folders_.size(); ++i)
    if (auto now = folders_in(folders_[i]); now > counts_[i])
      return fmt::format("{} holds {} folders, {} before the run", folders_[i], now, counts_[i]);
  return std::nullopt;
}

task<std::optional<double>> settle(run_state& run, const folder_counts& before) {
  auto began = clock_type::now();
  for (;;) {
    auto looked = clock_type::now();
    auto grown = before.grown();
    auto now = clock_type::now();
    if (!grown) co_return std::chrono::duration<double>(looked - began).count();
    if (run.interrupted.is_set()) co_return std::nullopt;
    if (now - began >= run.asked.timeout) {
      ++run.measured.failures["settle: " + *grown];
      co_return std::nullopt;
    }
    co_await run.interrupted.wait(now + std::max<clock_type::duration>(2ms, (now - looked) * idle_share));
  }
}

} // namespace gantry::load
