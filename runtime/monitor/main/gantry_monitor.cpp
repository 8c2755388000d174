#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "runtime/monitor/daemon.hpp"
#include "runtime/monitor/zygote.hpp"

namespace {

int usage() {
  std::fputs("Usage: gantry-monitor --run-dir DIR --index N [--ready-fd FD] [--niceness N]\n"
             "Supervises containers for gantryd, which starts it; there is no need to run it by hand.\n",
             stderr);
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  // _exit: nothing of a zygote is to be flushed or checked at its end.
  if (argc == 3 && std::string_view(argv[1]) == gantry::monitor::zygote_argument)
    _exit(gantry::monitor::zygote_main(std::atoi(argv[2])));
  gantry::monitor::daemon_options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view name = argv[i];
    if (name == "--run-dir")
      options.run_dir = argv[i + 1];
    else if (name == "--index")
      options.index = static_cast<std::uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
    else if (name == "--ready-fd")
      options.ready_fd = std::atoi(argv[i + 1]);
    else if (name == "--niceness")
      options.niceness = std::atoi(argv[i + 1]);
    else
      return usage();
  }
  if (argc % 2 == 0 || !options.run_dir.starts_with('/')) return usage();
  if (auto served = gantry::monitor::run_daemon(options); !served) {
    std::fprintf(stderr, "gantry-monitor: %s\n", served.error().message.c_str());
    return 1;
  }
  return 0;
}
