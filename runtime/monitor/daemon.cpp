#include "runtime/monitor/daemon.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/monitor/control_server.hpp"
#include "runtime/monitor/supervisor.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/niceness.hpp"

namespace gantry::monitor {
namespace {

result<sys::unique_fd> lock_index(const std::string& folder, std::uint32_t index) {
  auto path = folder + "/" + std::to_string(index) + ".lock";
  sys::unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(errno, "open {}", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(errc::already_exists, "{}: another monitor holds it", path);
  return fd;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void tell_ready(int fd) {
  if (fd < 0) return;
  (void)!::write(fd, "1", 1);
  ::close(fd);
}

} // namespace

result<void> run_daemon(const daemon_options& options) {
  auto folder = options.run_dir + "/monitor";
  for (const auto& path : {folder, options.run_dir + "/exits"}) GANTRY_TRY(sys::make_directories(path, 0700));
  GANTRY_LET(auto lock, lock_index(folder, options.index));
  std::signal(SIGPIPE, SIG_IGN);
  GANTRY_LET(auto loop, event_loop::make());
  // Before any thread is made (SIGCHLD is blocked in all of them) and before the limit is raised (children inherit the
  // host's).
  sys::set_niceness(options.niceness - sys::head_start);
  GANTRY_LET(auto processes, child_processes::start(*loop, options.niceness));
  raise_descriptor_limit();
  GANTRY_LET(auto bundles, bundle_folder::open(options.run_dir));
  disk_writer disk(*loop);
  worker_thread cgroups(*loop);
  const auto name = std::to_string(options.index);
  std::unique_ptr<control_server> control;
  supervisor containers(
      {*loop, *processes, disk, cgroups, bundles, options.run_dir, folder + "/" + name + ".cgroups"},
      [&](const process_exited& what) { control->announce(what); },
      [&] { control->when_flushed([&] { loop->stop(); }); });
  GANTRY_LET(auto streams, stream_server::listen(*loop, folder, name + ".stream", [&](auto client, std::string left) {
               containers.attach(std::move(client), std::move(left));
             }));
  containers.use_streams(*streams);
  GANTRY_LET(control,
             control_server::listen(*loop, folder, name + ".sock", [&](request what, const responder& respond) {
               containers.handle(std::move(what), respond);
             }));
  tell_ready(options.ready_fd);
  auto served = loop->run();
  for (const auto* suffix : {".sock", ".stream"}) ::unlink((folder + "/" + name + suffix).c_str());
  bundles.close();
  return served;
}

} // namespace gantry::monitor
