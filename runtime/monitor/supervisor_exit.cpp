#include <unistd.h>

#include <cstdio>

#include "runtime/monitor/oom_counter.hpp"
#include "runtime/monitor/process_handle.hpp"
#include "runtime/monitor/supervisor.hpp"
#include "runtime/monitor/wall_clock.hpp"

namespace gantry::monitor {

void supervisor::watch_init(const container_ptr& c, std::uint64_t mark) {
  auto name = c->name;
  auto ended = [this, name](exit_status status) { init_exited(name, status.code); };
  if (with_.processes.watch(c->init.pid, mark, ended)) return;
  watch_stranger(c->init, [this, name](std::optional<int> code) { init_exited(name, code); });
}

/// For a process that is not our child (its monitor died). Its status can be asked of the pidfd once its parent (the
/// engine, or pid 1) has reaped it, which EPOLLHUP says (Linux 6.15); on older kernels it is not known.
void supervisor::watch_stranger(process& p, std::function<void(std::optional<int>)> ended) {
  if (!p.handle) return ended(std::nullopt);
  auto on_event = [this, &p, ended = std::move(ended)](std::uint32_t events) {
    auto code = exit_code_by_handle(p.handle.get());
    bool reaped = (events & EPOLLHUP) != 0;
    if (!code && !reaped && !p.handle_timer) {
      p.handle_watch.set(0); // a zombie still: its end was seen, its reaping is waited for, but not for ever
      p.handle_timer = with_.loop.after(std::chrono::seconds(5), [ended] { ended(std::nullopt); });
      return;
    }
    auto tell = ended;
    p.handle_timer.reset();
    p.handle_watch.reset();
    tell(code);
  };
  auto watch = with_.loop.add(p.handle.get(), EPOLLIN, std::move(on_event));
  if (watch) p.handle_watch = std::move(*watch);
}

void supervisor::init_exited(const key& name, std::optional<int> code) {
  auto c = find(name);
  if (!c || c->now != stage::running) return;
  c->now = stage::draining;
  c->init.handle_watch.reset();
  c->init.handle.reset();
  c->end.exit_code = code.value_or(255);
  c->end.status_unknown = !code.has_value();
  c->end.finished_at = wall_clock();
  // The cgroup exists until the runtime's delete. A group that was there before (of an earlier run) has counted
  // already.
  c->end.oom_killed = oom_kills(c->oom_cgroup) > c->oom_kills_before;
  c->init.io->drain([this, c] { init_drained(c); });
}

void supervisor::init_drained(const container_ptr& c) {
  auto write = [run_dir = with_.run_dir, name = c->name, record = c->end] {
    if (auto written = write_exit_record(run_dir, name, record); !written)
      std::fprintf(stderr, "gantry-monitor: exit record of %s: %s\n", to_string(name).c_str(),
                   written.error().message.c_str());
  };
  with_.disk.finish(c->init.io->log(), std::move(write), [this, c] { exit_recorded(c); });
}

void supervisor::exit_recorded(const container_ptr& c) {
  if (find(c->name) != c) { // removed by force meanwhile: the record came too late
    with_.disk.run([path = exit_record_path(with_.run_dir, c->name)] { ::unlink(path.c_str()); }, nullptr);
    return;
  }
  c->now = stage::exited;
  announce_({c->name, "", c->end.exit_code, c->end.oom_killed, c->end.status_unknown, c->end.finished_at});
  c->init.io->finish(c->end.exit_code);
  c->init.io.reset(); // an exited container holds no descriptor
  // Exec sessions end with init's PID namespace; their own exits may still be on their way. Those that share the host's
  // PIDs live on until the container is removed.
  go_on_deleting(c->name);
}

} // namespace gantry::monitor
