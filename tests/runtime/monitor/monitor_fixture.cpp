#include "tests/runtime/monitor/monitor_fixture.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "runtime/log/log_reader.hpp"
#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/leftovers.hpp"

namespace gantry::test {
namespace {

constexpr std::chrono::seconds patience{60};
namespace fs = std::filesystem;

void make_busybox(const std::string& root) {
  for (const auto* folder : {"/bin", "/proc", "/sys", "/dev", "/tmp", "/etc"}) fs::create_directories(root + folder);
  fs::copy_file("/bin/busybox", root + "/bin/busybox");
  for (const auto* name :
       {"sh", "true", "false", "sleep", "echo", "cat", "tty", "seq", "kill", "ls", "stty", "id", "dd", "ip"})
    fs::create_symlink("busybox", root + "/bin/" + name);
}

std::string document(const monitor_fixture::options& with, const std::string& cgroup) {
  using json = nlohmann::json;
  auto mount = [](const char* to, const char* type, const char* from, std::vector<std::string> options) {
    return json{{"destination", to}, {"type", type}, {"source", from}, {"options", options}};
  };
  std::vector<std::string> all{"CAP_KILL", "CAP_CHOWN"};
  json config = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", with.tty},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", with.args},
        {"env", {"PATH=/bin"}},
        {"cwd", "/"},
        {"capabilities", {{"bounding", all}, {"effective", all}, {"permitted", all}}},
        {"noNewPrivileges", true}}},
      {"root", {{"path", "rootfs"}, {"readonly", with.read_only}}},
      {"hostname", "test"},
      {"mounts",
       {mount("/proc", "proc", "proc", {"nosuid"}), mount("/dev", "tmpfs", "tmpfs", {"nosuid", "mode=755"}),
        mount("/dev/pts", "devpts", "devpts", {"nosuid", "newinstance", "ptmxmode=0666"})}},
      {"linux",
       {{"cgroupsPath", cgroup},
        {"namespaces",
         {{{"type", "pid"}}, {{"type", "ipc"}}, {{"type", "uts"}}, {{"type", "mount"}}, {{"type", "network"}}}}}}};
  if (with.memory > 0) config["linux"]["resources"]["memory"] = {{"limit", with.memory}, {"swap", with.memory}};
  return config.dump();
}

std::vector<std::string> mounts_below(const std::string& dir) {
  std::vector<std::string> found;
  auto text = sys::read_file("/proc/self/mountinfo", 16 << 20).value();
  for (std::size_t at = text.find(dir); at != std::string::npos; at = text.find(dir, at + 1))
    found.push_back(text.substr(at, text.find(' ', at) - at));
  return found;
}

} // namespace

void exits::add(monitor::process_exited what) {
  std::lock_guard lock(mutex_);
  all_.push_back(std::move(what));
  changed_.notify_all();
}

monitor::process_exited exits::wait(const std::string& id, const std::string& exec_id) {
  std::unique_lock lock(mutex_);
  for (;;) {
    for (auto at = all_.begin(); at != all_.end(); ++at) {
      if (at->container.id != id || at->exec_id != exec_id) continue;
      auto found = std::move(*at);
      all_.erase(at);
      return found;
    }
    if (changed_.wait_for(lock, patience) == std::cv_status::timeout)
      throw std::runtime_error("the monitor did not tell the end of " + id + " " + exec_id);
  }
}

monitor_fixture::monitor_fixture() {
  static const bool swept = (sweep_leftovers(), true);
  (void)swept;
  dir_ = folder_pattern();
  if (::mkdtemp(dir_.data()) == nullptr) throw std::runtime_error("mkdtemp " + dir_);
  ns_ = container_namespace(::getpid());
  make_busybox(dir_ + "/layers/1");
  fs::create_directories(dir_ + "/logs");
  start_monitor();
  connect();
}

monitor_fixture::~monitor_fixture() {
  for (const auto& entry : must<monitor::container_list>(monitor::list_containers{}).containers)
    CHECK(ask(removal(entry.container.id)));
  auto pid = client_->pid();
  CHECK(ask(monitor::shut_down{}));
  client_.reset();
  int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (handle >= 0) {
    pollfd ended{handle, POLLIN, 0};
    CHECK(::poll(&ended, 1, 30'000) == 1);
    siginfo_t info{};
    ::waitid(static_cast<idtype_t>(3), static_cast<id_t>(handle), &info, WEXITED);
    CHECK(info.si_status == 0);
    ::close(handle);
  }
  CHECK(mounts_below(dir_).empty());
  std::error_code none;
  for (const auto& controller : fs::directory_iterator("/sys/fs/cgroup", none)) {
    auto parent = controller.path() / "gantry-test" / ns_; // the runtime made it; what is below it must be gone
    if (fs::exists(parent, none)) CHECK(::rmdir(parent.c_str()) == 0);
    ::rmdir(parent.parent_path().c_str());
  }
  auto log = sys::read_file(run_dir() + "/monitor/0.log");
  // What a sanitizer says goes to the monitor's own log.
  if (log) CHECK_FALSE(log->find("Sanitizer") != std::string::npos);
  fs::remove_all(dir_);
}

void monitor_fixture::start_monitor() {
  auto program = fs::read_symlink("/proc/self/exe").parent_path() / "gantry-monitor";
  auto started = monitor::start({program.string(), run_dir(), 0});
  if (!started) throw std::runtime_error(started.error().message);
}

void monitor_fixture::connect() {
  auto connected = monitor::client::connect(
      monitor::socket_path({"", run_dir(), 0}),
      {[this](monitor::process_exited what) { exits_.add(std::move(what)); }, [](const error&) {}});
  if (!connected) throw std::runtime_error(connected.error().message);
  client_ = std::move(*connected);
}

void monitor_fixture::kill_monitor() {
  auto pid = client_->pid();
  int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  ::kill(pid, SIGKILL);
  pollfd ended{handle, POLLIN, 0};
  ::poll(&ended, 1, 30'000);
  client_.reset();
  siginfo_t info{};
  ::waitid(static_cast<idtype_t>(3), static_cast<id_t>(handle), &info, WEXITED | WNOHANG);
  ::close(handle);
}

result<monitor::reply> monitor_fixture::ask(monitor::request what) {
  auto promise = std::make_shared<std::promise<result<monitor::reply>>>();
  auto answer = promise->get_future();
  client_->request(std::move(what), [promise](result<monitor::reply> r) { promise->set_value(std::move(r)); });
  if (answer.wait_for(patience) != std::future_status::ready) throw std::runtime_error("the monitor did not answer");
  return answer.get();
}

monitor::start_container monitor_fixture::container(const std::string& id, const options& with) {
  monitor::start_container what;
  what.container = name(id);
  what.runtime = {with.runtime, run_dir() + "/oci/" + ns_, {}};
  what.bundle = run_dir() + "/bundles/" + ns_ + "/" + id;
  what.config_json = document(with, "/gantry-test/" + ns_ + "/" + id);
  what.root.lower = with.lower.empty() ? std::vector{dir_ + "/layers/1"} : with.lower;
  if (!with.read_only) {
    what.root.upper = dir_ + "/snapshots/" + id + "/upper";
    what.root.work = dir_ + "/snapshots/" + id + "/work";
    fs::create_directories(what.root.upper);
    fs::create_directories(what.root.work);
  }
  what.tty = with.tty;
  what.open_stdin = with.open_stdin;
  what.stdin_once = with.stdin_once;
  what.log = {with.log_driver, dir_ + "/logs/" + id + ".log", 0, 1};
  if (with.memory > 0) what.oom_cgroup = "/sys/fs/cgroup/memory/gantry-test/" + ns_ + "/" + id;
  return what;
}

monitor::delete_container monitor_fixture::removal(const std::string& id, const std::string& runtime) const {
  return {name(id), {runtime, run_dir() + "/oci/" + ns_, {}}, run_dir() + "/bundles/" + ns_ + "/" + id};
}

monitor::process_exited monitor_fixture::run(const std::string& id, const options& with) {
  (void)must<monitor::started>(container(id, with));
  auto end = exits_.wait(id);
  (void)must<monitor::done>(removal(id, with.runtime));
  return end;
}

stream::connection monitor_fixture::open_stream(monitor::open_stream what) {
  auto opened = stream::connection::open(must<monitor::stream_token>(std::move(what)));
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

std::string monitor_fixture::log_text(const std::string& id) const {
  auto opened = log::reader::open(dir_ + "/logs/" + id + ".log", {});
  if (!opened) throw std::runtime_error(opened.error().message);
  std::string text;
  for (;;) {
    auto next = opened->next();
    if (!next) throw std::runtime_error(next.error().message);
    if (!*next) return text;
    text += (*next)->text;
  }
}

stream_content read_all(stream::connection& from) {
  stream_content content;
  for (;;) {
    auto next = from.read();
    if (!next || !*next) return content;
    switch ((*next)->type) {
    case monitor::frame::stdout_data:
      content.out += (*next)->payload;
      break;
    case monitor::frame::stderr_data:
      content.err += (*next)->payload;
      break;
    case monitor::frame::end:
      content.exit_code = stream::exit_code_of((*next)->payload);
      return content;
    default:
      break;
    }
  }
}

} // namespace gantry::test
