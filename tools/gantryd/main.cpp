#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "runtime/sys/niceness.hpp"
#include "tools/gantryd/doors.hpp"
#include "tools/gantryd/engine_of.hpp"
#include "tools/gantryd/notify.hpp"
#include "tools/gantryd/settings.hpp"
#include "tools/gantryd/until_told.hpp"

namespace {

using namespace gantry;

void set_up_log(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("gantryd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  spdlog::set_default_logger(std::move(logger));
  spdlog::set_level(spdlog::level::from_str(level == "warn" ? "warning" : level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%f%z %l %v");
}

/// Whether anything needs the daemon. One that cannot say does.
bool is_busy(engine& running, const daemon::doors& open) {
  if (open.answering()) return true;
  caf::scoped_actor self{running.system()};
  bool busy = true;
  self->request(running.handle(), std::chrono::seconds(5), ask_activity{})
      .receive([&](const activity& now) { busy = now.containers_running != 0 || now.operations != 0; },
               [](const caf::error&) {});
  return busy;
}

result<void> serve(const daemon::settings& all) {
  GANTRY_LET(auto running, engine::start(daemon::engine_of(all)));
  GANTRY_LET(auto open, daemon::open_doors(*running, all));
  daemon::notify_service_manager("READY=1");
  daemon::idleness idle{all.idle_exit, [&] { return is_busy(*running, open); }, [&] { return open.last_use(); }};
  auto why = daemon::wait_until_told(idle);
  spdlog::info("ending: {}; containers go on with their monitors", why);
  daemon::notify_service_manager("STOPPING=1");
  daemon::shutdown_watchdog watchdog(all.stop_deadline);
  open = {}; // with its handles: CAF keeps a detached actor's thread until the last one is gone
  if (!running->stop()) {
    spdlog::default_logger()->flush();
    ::_exit(EXIT_FAILURE);
  }
  running.reset();
  return {};
}

} // namespace

int main(int argc, char** argv) {
  auto told = daemon::read_command_line(argc, argv);
  if (told.status) return *told.status;
  if (::geteuid() != 0) {
    std::cerr << "gantryd: containers take root: start it as root, for example with sudo\n";
    return EXIT_FAILURE;
  }
  told.all.niceness = sys::niceness(); // containers keep what this process was given
  sys::set_niceness(told.all.niceness - sys::head_start);
  daemon::take_signals();
  set_up_log(told.all.log_level);
  if (auto served = serve(told.all); !served) {
    std::cerr << "gantryd: " << served.error().message << '\n';
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
