#include "runtime/monitor/disk_writer.hpp"

#include <cstdio>

#include "runtime/monitor/wall_clock.hpp"

namespace gantry::monitor {
namespace {

constexpr std::size_t bytes_per_turn = 64u << 10;

/// On standard error, the monitor's own log. The container goes on: a full disk must not stop it. At most one line in
/// ten seconds, as that log lies in memory.
void report(const result<void>& done, const char* means = "output is lost") {
  static thread_local std::chrono::steady_clock::time_point next; // the disk's thread and the one that compresses
  auto now = std::chrono::steady_clock::now();
  if (done || now < next) return;
  next = now + std::chrono::seconds(10);
  std::fprintf(stderr, "gantry-monitor: %s: %s\n", means, done.error().message.c_str());
}

} // namespace

disk_writer::disk_writer(event_loop& loop) : loop_(loop), thread_(loop) {}

std::shared_ptr<log_queue> disk_writer::open(const log_target& target, log_queue::callbacks on) {
  const bool cri = target.driver == "cri";
  const auto rotation = cri ? log::rotation{} : log::rotation{target.max_bytes, target.max_files, target.compress};
  const auto format = cri || target.driver == "local" ? log::format::cri : log::format::json_file;
  log::writer file(target.path, rotation, format, target.attributes);
  file.compress_by([this](log::writer::work work) {
    if (!packing_) packing_.emplace(loop_);
    packing_->run([work = std::move(work)] { report(work(), "a log stays uncompressed"); });
  });
  std::optional<lossy_lines> lossy;
  if (target.buffer >= 0) lossy.emplace(static_cast<std::size_t>(target.buffer));
  auto queue = std::make_shared<log_queue>(std::move(file), std::move(on), std::move(lossy));
  if (cri) thread_.run([queue] { report(queue->file_.reopen()); });
  return queue;
}

void disk_writer::reopen(const std::shared_ptr<log_queue>& queue, std::function<void(result<void>)> done) {
  auto how = std::make_shared<result<void>>();
  run([queue, how] { *how = queue->file_.reopen(); }, [how, done = std::move(done)] { done(*how); });
}

bool disk_writer::add(const std::shared_ptr<log_queue>& queue, log::output from, unix_nanos time,
                      std::string_view bytes) {
  if (!queue->lossy_) return push(queue, from, time, std::string(bytes));
  push(queue, from, time, queue->lossy_->take(from, bytes, queue->waiting()));
  return true;
}

bool disk_writer::push(const std::shared_ptr<log_queue>& queue, log::output from, unix_nanos time, std::string bytes) {
  if (bytes.empty()) return true;
  bool schedule = false, has_space = true;
  {
    std::lock_guard lock(queue->mutex_);
    queue->bytes_ += bytes.size();
    queue->chunks_.push_back({from, time, std::move(bytes)});
    has_space = queue->bytes_ < log_queue::capacity;
    queue->was_full_ = !has_space;
    schedule = !std::exchange(queue->scheduled_, true);
  }
  if (schedule) thread_.run([this, queue] { write_turn(queue); });
  return has_space;
}

void disk_writer::follow(const std::shared_ptr<log_queue>& queue, bool wanted) {
  std::lock_guard lock(queue->mutex_);
  queue->tell_written_ = wanted;
}

bool disk_writer::write_some(log_queue& queue, std::size_t limit) {
  std::deque<log_queue::chunk> taken;
  bool tell = false;
  {
    std::lock_guard lock(queue.mutex_);
    for (std::size_t bytes = 0; bytes < limit && !queue.chunks_.empty();) {
      bytes += queue.chunks_.front().bytes.size();
      taken.push_back(std::move(queue.chunks_.front()));
      queue.chunks_.pop_front();
    }
    tell = queue.tell_written_;
  }
  std::size_t written = 0;
  for (const auto& chunk : taken) {
    report(queue.file_.write(chunk.from, chunk.time, chunk.bytes));
    written += chunk.bytes.size();
  }
  bool more = false, space = false;
  {
    std::lock_guard lock(queue.mutex_);
    queue.bytes_ -= written;
    more = !queue.chunks_.empty();
    if (!more) std::deque<log_queue::chunk>().swap(queue.chunks_); // an idle container keeps no memory here
    space = queue.was_full_ && queue.bytes_ < log_queue::capacity / 2;
    if (space) queue.was_full_ = false;
    queue.scheduled_ = more;
  }
  if (space) loop_.post(queue.on_.on_space);
  if (tell && written > 0) loop_.post(queue.on_.on_written);
  return more;
}

void disk_writer::write_turn(const std::shared_ptr<log_queue>& queue) {
  if (write_some(*queue, bytes_per_turn)) thread_.run([this, queue] { write_turn(queue); });
}

void disk_writer::finish(std::shared_ptr<log_queue> queue, std::function<void()> then, std::function<void()> done) {
  if (queue && queue->lossy_)
    for (auto from : {log::output::out, log::output::err})
      push(queue, from, wall_clock(), queue->lossy_->rest(from, queue->waiting()));
  run(
      [this, queue = std::move(queue), then = std::move(then)] {
        if (queue) {
          while (write_some(*queue, bytes_per_turn)) {
          }
          report(queue->file_.finish(wall_clock()));
        }
        if (then) then();
      },
      std::move(done));
}

void disk_writer::run(std::function<void()> work, std::function<void()> done) {
  thread_.run(std::move(work), std::move(done));
}

} // namespace gantry::monitor
