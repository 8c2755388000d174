#include "tools/gantry-load/watch/sampler.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <sstream>

#include "runtime/sys/files.hpp"

namespace gantry::load {

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
constexpr auto interval = 250ms;
constexpr int idle_share = 20;

std::string folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

std::uint64_t pss_kb(pid_t pid) {
  auto text = sys::read_file(folder_of(pid) + "/smaps_rollup");
  auto at = text ? text->find("\nPss:") : std::string::npos;
  return at == std::string::npos ? 0 : std::strtoull(text->c_str() + at + 5, nullptr, 10);
}

std::uint64_t descriptors(pid_t pid) {
  std::error_code failed;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at(folder_of(pid) + "/fd", failed), end; !failed && at != end;
       at.increment(failed))
    ++count;
  return count;
}

std::string command_of(pid_t pid) { return sys::read_file(folder_of(pid) + "/cmdline").value_or(std::string()); }

/// Milliseconds of CPU that the host has spent (proc(5), /proc/stat), but for this process.
double host_cpu_ms() {
  std::istringstream line(sys::read_file("/proc/stat").value_or(std::string()));
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupt = 0, soft = 0;
  line >> cpu >> user >> nice >> system >> idle >> waiting >> interrupt >> soft;
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  auto ms = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3; };
  return (user + nice + system + interrupt + soft) * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK)) -
         ms(own.ru_utime) - ms(own.ru_stime);
}

} // namespace

sampler::sampler(std::string socket, std::vector<std::string> names)
    : socket_(std::move(socket)), host_before_(host_cpu_ms()) {
  which_.names = std::move(names);
  which_.folder = std::filesystem::path(socket_).parent_path().string();
  sample_now();
  thread_ = std::thread([this] { run(); });
}

sampler::~sampler() { stop(); }

usage_sample sampler::sample_now() {
  std::lock_guard held(reading_);
  auto all = read_processes();
  // The engine may have been replaced by its successor.
  if (which_.listener == 0 || ::access(folder_of(which_.listener).c_str(), F_OK) != 0) {
    which_.listener = listener_of(socket_);
    if (which_.listener != 0) which_.gantry = is_gantry(which_.listener);
  }
  auto engine = select_engine(all, which_, command_of);
  usage_sample made;
  made.processes = engine.size();
  for (const auto& one : engine) {
    made.threads += one.threads;
    made.descriptors += descriptors(one.pid);
    made.pss_kb += pss_kb(one.pid);
  }
  sum_.add(made, engine);
  return made;
}

void sampler::run() {
  auto pause = std::chrono::duration_cast<clock_type::duration>(interval);
  std::unique_lock held(state_);
  while (!ended_.wait_for(held, pause, [this] { return stop_; })) {
    held.unlock();
    auto began = clock_type::now();
    sample_now();
    pause = std::max<clock_type::duration>(interval, (clock_type::now() - began) * idle_share);
    held.lock();
  }
}

void sampler::stop() {
  {
    std::lock_guard held(state_);
    stop_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

usage sampler::finish() {
  stop();
  sample_now();
  auto made = sum_.so_far();
  made.host_cpu_ms = host_cpu_ms() - host_before_;
  return made;
}

} // namespace gantry::load
