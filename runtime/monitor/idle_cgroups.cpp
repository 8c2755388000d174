#include "runtime/monitor/idle_cgroups.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "runtime/cgroup/remove.hpp"
#include "runtime/native/cgroup_reuse.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::monitor {
namespace {

std::string folder_beside(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

/// Each line: the path of a cgroup, up to the number that its name ends with.
void remove_recorded(const std::string& record) {
  const auto* host = cgroup::of_host();
  const auto text = sys::read_file(record, 1 << 20);
  if (host == nullptr || !text) return;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const auto beside = folder_beside(line), name = line.substr(beside.size());
    if (!name.starts_with("idle-")) continue;
    for (const auto& folder : host->folders_of(beside)) {
      std::error_code gone;
      for (const auto& one : std::filesystem::directory_iterator(folder, gone))
        if (one.path().filename().string().starts_with(name)) ::rmdir(one.path().c_str());
    }
  }
  ::unlink(record.c_str());
}

/// Before the first of its kind is made: who is killed leaves nothing that is not named there. False where it cannot be
/// named, on a full run folder say.
bool is_recorded(const std::string& record, std::set<std::string>& recorded, const std::string& line) {
  if (recorded.contains(line)) return true;
  const sys::unique_fd fd(::open(record.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd || !sys::write_all(fd.get(), line + "\n")) return false;
  recorded.insert(line);
  return true;
}

} // namespace

idle_cgroups::idle_cgroups(event_loop& loop, worker_thread& worker, std::string record)
    : loop_(loop), worker_(worker), record_(std::move(record)) {
  worker_.run([file = record_] { remove_recorded(file); });
}

std::string idle_cgroups::take(const std::string& terms, const std::string& path) {
  const auto beside = folder_beside(path);
  // The last one used: its memory is the warmest, and the others can end.
  const auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&](const idle& one) {
    return one.terms == terms && folder_beside(one.path) == beside;
  });
  if (found == idle_.rend()) return {};
  auto taken = std::move(found->path);
  idle_.erase(std::next(found).base());
  return taken;
}

/// "<folder>/idle-<pid>-<n>": another engine of this host may have the same folder.
std::string idle_cgroups::next_name_beside(const std::string& path) {
  return folder_beside(path) + "idle-" + std::to_string(::getpid()) + "-" + std::to_string(next_++);
}

void idle_cgroups::give_back(const std::string& terms, const std::string& path, std::function<void(bool gone)> done) {
  const auto* host = cgroup::of_host();
  const bool wanted = !ended_ && host != nullptr && native::can_reuse_cgroups(*host) && idle_.size() + coming_ < limit;
  const auto name = wanted ? next_name_beside(path) : std::string();
  const auto prefix = name.substr(0, name.rfind('-') + 1);
  if (wanted) ++coming_;
  struct outcome {
    bool kept = false, gone = false;
  };
  auto how = std::make_shared<outcome>();
  worker_.run(
      [=, record = record_, recorded = recorded_] {
        if (wanted && is_recorded(record, *recorded, prefix)) how->kept = native::put_cgroups_aside(*host, path, name);
        how->gone = how->kept || native::remove_empty_cgroups(path);
      },
      [this, how, terms, name, wanted, done = std::move(done)] {
        if (wanted) --coming_;
        if (how->kept) keep({terms, name, event_loop::clock::now()});
        done(how->gone);
      });
}

void idle_cgroups::keep(idle one) {
  if (ended_) return remove(std::move(one.path));
  idle_.push_back(std::move(one));
  if (!end_timer_) end_timer_ = loop_.after(patience, [this] { end_unused(); });
}

void idle_cgroups::remove(std::string path) {
  worker_.run([path = std::move(path)] { (void)native::remove_empty_cgroups(path); });
}

void idle_cgroups::end_unused() {
  end_timer_.reset();
  const auto now = event_loop::clock::now();
  for (; !idle_.empty() && now - idle_.front().since >= patience; idle_.pop_front())
    remove(std::move(idle_.front().path));
  if (idle_.empty()) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(patience - (now - idle_.front().since));
  end_timer_ = loop_.after(left, [this] { end_unused(); });
}

void idle_cgroups::end_all(std::function<void()> done) {
  ended_ = true;
  for (; !idle_.empty(); idle_.pop_front()) remove(std::move(idle_.front().path));
  worker_.run([file = record_] { remove_recorded(file); }, std::move(done));
}

} // namespace gantry::monitor
