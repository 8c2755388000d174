#include "tools/gantry-load/scenario/run.hpp"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tools/gantry-load/engine/create_body.hpp"
#include "tools/gantry-load/report/progress.hpp"
#include "tools/gantry-load/scenario/scenarios.hpp"
#include "tools/gantry-load/scenario/settle.hpp"
#include "tools/gantry-load/watch/sampler.hpp"

namespace gantry::load {

namespace {

using namespace std::chrono_literals;

std::string new_run_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

result<sys::unique_fd> take_signals() {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (auto one : {SIGINT, SIGTERM}) ::sigaddset(&taken, one);
  if (auto status = ::pthread_sigmask(SIG_BLOCK, &taken, nullptr); status != 0)
    return fail_errno(status, "block signals");
  sys::unique_fd fd(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno(errno, "watch signals");
  return fd;
}

/// Thousands in flight are two connections each.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

double own_cpu_ms() {
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  auto ms = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3; };
  return ms(own.ru_utime) + ms(own.ru_stime);
}

/// Once interrupted, removes the run's containers again and again, so that every unit under way comes to its end. What
/// an engine leaves unanswered even so is given up.
task<> clear_when_interrupted(run_state& run, event& finished) {
  while (!run.interrupted.is_set()) {
    bool over = co_await finished.wait(clock_type::now() + 100ms);
    if (over) co_return;
  }
  auto patient_until = clock_type::now() + 10s;
  while (!finished.is_set()) {
    if (clock_type::now() > patient_until) run.api.cancel_all();
    co_await remove_leftovers(run);
    co_await finished.wait(clock_type::now() + 300ms);
  }
}

/// What the scenario left behind though it should not have.
task<> look_for_leaks(run_state& run, report& into) {
  auto found = co_await remove_leftovers(run);
  into.leaks_known = found.has_value();
  if (!found || found->empty()) co_return;
  // Whatever is there after an interruption is cleaned up, not leaked.
  if (!run.interrupted.is_set()) into.leaked = *found;
  auto left = co_await run.api.labelled(run_label, run.run_id);
  into.leaks_known = left.has_value();
  if (left) into.left = std::move(*left);
}

task<> run_scenario(run_state& run, sampler* watching, report& into) {
  if (run.asked.what == scenario::churn) co_await run_churn(run);
  if (run.asked.what == scenario::exec) co_await run_exec(run);
  if (run.asked.what != scenario::hold) co_return;
  hold_moments moments;
  hold_memory memory;
  if (watching != nullptr) {
    moments.before = [&] { memory.before = watching->sample_now(); };
    moments.held = [&] {
      memory.held = watching->sample_now();
      memory.containers = run.measured.done;
      into.memory = memory;
    };
  }
  co_await run_hold(run, std::move(moments));
}

task<> run_all(run_state& run, sampler* watching, report& into) {
  event finished(run.loop);
  group beside(run.loop);
  beside.spawn(show_progress(run, finished));
  beside.spawn(clear_when_interrupted(run, finished));
  folder_counts before(run.asked.settle);
  co_await run_scenario(run, watching, into);
  if (!run.asked.settle.empty()) into.settle_seconds = co_await settle(run, before);
  if (watching != nullptr) into.used = watching->finish();
  finished.set();
  co_await beside.all_ended();
  co_await look_for_leaks(run, into);
}

task<> whole(run_state& run, report& into, std::optional<failure>& unreachable, bool& over) {
  auto who = co_await run.api.identify();
  if (who) {
    into.engine = std::move(*who);
    std::optional<sampler> watching;
    if (run.asked.watch_any) watching.emplace(run.asked.socket, run.asked.watch);
    co_await run_all(run, watching ? &*watching : nullptr, into);
  } else {
    unreachable = std::move(who.error());
  }
  over = true;
}

void interrupt(run_state& run, int signals) {
  signalfd_siginfo info{};
  while (::read(signals, &info, sizeof info) == sizeof info) {
    if (run.interrupted.is_set()) ::_exit(1);
    static constexpr std::string_view said = "\ngantry-load: ending; once more to leave everything as it is\n";
    (void)!::write(STDERR_FILENO, said.data(), said.size());
    run.interrupted.set();
  }
}

} // namespace

result<report> run(const settings& asked) {
  raise_descriptor_limit();
  GANTRY_LET(auto signals, take_signals());
  GANTRY_LET(auto loop, event_loop::make());
  run_state state(*loop, asked, asked.run_id.empty() ? new_run_id() : asked.run_id);
  GANTRY_TRY(loop->on_readable(signals.get(), [&] { interrupt(state, signals.get()); }));
  report made;
  std::optional<failure> unreachable;
  bool over = false;
  {
    group first(*loop);
    first.spawn(whole(state, made, unreachable, over));
    loop->run(over);
  }
  if (unreachable) return fail(errc::unavailable, "{}: {}", asked.socket, kind_of(*unreachable));
  made.asked = asked;
  made.run_id = state.run_id;
  made.measured = std::move(state.measured);
  made.seconds = std::chrono::duration<double>(state.ended - state.began).count();
  made.interrupted = state.interrupted.is_set();
  made.own_cpu_ms = own_cpu_ms();
  made.connections = state.api.connections_made();
  return made;
}

} // namespace gantry::load
