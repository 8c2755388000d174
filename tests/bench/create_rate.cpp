// How many containers a second: created, started, waited for and removed, a number of them always in flight.
//   bench_create_rate gantry SOCKET IMAGE COUNT IN_FLIGHT        through the Engine API
//   bench_create_rate bare RUNTIME TEMPLATE LOWER WORK COUNT IN_FLIGHT
//                            by the OCI runtime's `create`, `start`, `delete`, without an engine
// Both do the same to the kernel: an overlay on LOWER with an upper folder of its own, the same config.json (TEMPLATE,
// with @ID@ and @ROOTFS@ filled in). COUNT is a number of containers, or of seconds: "3s". Prints {"count", "failed",
// "seconds", "start_p50_ms", "start_p99_ms"} as JSON; start: from the first call until the one that starts it has
// returned. create_rate.py prepares and compares.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace {

using clock_type = std::chrono::steady_clock;

/// One keep-alive connection to the daemon. Knows of HTTP what this daemon's answers need: lengths and chunks.
class api_connection {
public:
  explicit api_connection(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::perror("connect");
  }
  api_connection(const api_connection&) = delete;
  api_connection& operator=(const api_connection&) = delete;
  ~api_connection() { ::close(fd_); }

  /// The status, 0 when the connection broke; the body goes to `body`.
  int call(std::string_view method, std::string_view target, std::string_view sent, std::string& body) {
    auto request =
        fmt::format("{} {} HTTP/1.1\r\nHost: gantry\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    method, target, sent.size(), sent);
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return 0;
    auto end = buffer_.npos;
    while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos)
      if (!more()) return 0;
    auto head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    auto status = std::stoi(head.substr(9, 3));
    return read_body(head, status, body) ? status : 0;
  }

private:
  bool more() {
    char piece[16384];
    auto got = ::read(fd_, piece, sizeof piece);
    if (got <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  bool take(std::size_t size, std::string& into) {
    while (buffer_.size() < size)
      if (!more()) return false;
    into.append(buffer_, 0, size);
    buffer_.erase(0, size);
    return true;
  }

  bool read_body(const std::string& head, int status, std::string& body) {
    body.clear();
    if (status == 204 || status == 304) return true;
    if (auto at = head.find("Content-Length: "); at != head.npos) return take(std::stoul(head.substr(at + 16)), body);
    for (;;) { // chunks
      auto end = buffer_.npos;
      while ((end = buffer_.find("\r\n")) == buffer_.npos)
        if (!more()) return false;
      auto size = std::stoul(buffer_.substr(0, end), nullptr, 16);
      buffer_.erase(0, end + 2);
      std::string ending;
      if (!take(size, body) || !take(2, ending)) return false;
      if (size == 0) return true;
    }
  }

  int fd_;
  std::string buffer_;
};

/// How much to do: so many containers, or those that begin within a time.
struct amount {
  unsigned count = 0; ///< 0: as many as begin in time
  clock_type::duration time{};
};

amount amount_of(const std::string& text) {
  if (!text.ends_with('s')) return {static_cast<unsigned>(std::stoul(text)), {}};
  return {0, std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(std::stod(text)))};
}

/// Starts' durations, of all threads.
struct start_times {
  std::mutex mutex;
  std::vector<double> ms;

  void add(clock_type::duration took) {
    std::lock_guard held(mutex);
    ms.push_back(std::chrono::duration<double, std::milli>(took).count());
  }
  /// By nearest rank; 0 when none was added. Sorts.
  double at(double quantile) {
    if (ms.empty()) return 0;
    std::sort(ms.begin(), ms.end());
    auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(ms.size())));
    return ms[std::max<std::size_t>(rank, 1) - 1];
  }
};

using one_cycle = std::function<bool(unsigned number, start_times& starts)>;

/// Runs cycles on `in_flight` threads, each with what `worker` makes; true means that one succeeded.
void measure(const amount& much, unsigned in_flight, const std::function<one_cycle()>& worker) {
  std::atomic<unsigned> next = 0, begun_ones = 0, failed = 0;
  start_times starts;
  std::vector<std::thread> threads;
  auto begun = clock_type::now();
  auto more = [&](unsigned n) { return much.count != 0 ? n < much.count : clock_type::now() - begun < much.time; };
  for (unsigned i = 0; i < in_flight; ++i)
    threads.emplace_back([&] {
      auto one = worker();
      for (unsigned n = next++; more(n); n = next++) {
        ++begun_ones;
        if (!one(n, starts)) ++failed;
      }
    });
  for (auto& thread : threads) thread.join();
  std::chrono::duration<double> took = clock_type::now() - begun;
  fmt::print("{{\"count\": {}, \"failed\": {}, \"seconds\": {:.4f}, \"start_p50_ms\": {:.3f}, "
             "\"start_p99_ms\": {:.3f}}}\n",
             begun_ones.load(), failed.load(), took.count(), starts.at(0.5), starts.at(0.99));
}

one_cycle through_engine(const std::string& socket, const std::string& image) {
  auto api = std::make_shared<api_connection>(socket);
  auto body = fmt::format(R"({{"Image":"{}","Cmd":["/bin/true"],"HostConfig":{{"NetworkMode":"none"}}}})", image);
  return [api, body](unsigned, start_times& starts) {
    std::string answer;
    auto called = clock_type::now();
    auto say = [&](const char* what, int status) {
      fmt::print(stderr, "{}: {} {}\n", what, status, answer);
      return false;
    };
    if (auto status = api->call("POST", "/containers/create", body, answer); status != 201)
      return say("create", status);
    auto at = answer.find("\"Id\":\"");
    if (at == answer.npos) return say("create", 201);
    auto path = "/containers/" + answer.substr(at + 6, 64);
    if (auto status = api->call("POST", path + "/start", "", answer); status != 204) return say("start", status);
    starts.add(clock_type::now() - called);
    if (auto status = api->call("POST", path + "/wait", "", answer); status != 200) return say("wait", status);
    if (answer.find("\"StatusCode\":0") == answer.npos) return say("exit", 0);
    if (auto status = api->call("DELETE", path, "", answer); status != 204) return say("delete", status);
    return true;
  };
}

/// Runs a program without output; its exit status, -1 when it could not.
int run(std::vector<std::string> arguments) {
  static posix_spawn_file_actions_t* quiet = [] {
    static posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    return &files;
  }();
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  int status = 0;
  if (::posix_spawnp(&child, argv[0], quiet, nullptr, argv.data(), environ) != 0) return -1;
  if (::waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string filled(std::string text, std::string_view placeholder, const std::string& value) {
  for (auto at = text.find(placeholder); at != text.npos; at = text.find(placeholder, at + value.size()))
    text.replace(at, placeholder.size(), value);
  return text;
}

struct bare_bundle {
  std::string runtime;          ///< its program
  std::string runtime_template; ///< config.json's text
  std::string lower, work;      ///< overlay's lowerdir; a folder for all bundles
};

bool mount_overlay(const bare_bundle& from, const std::string& folder) {
  std::error_code failed;
  for (const auto* name : {"/upper", "/work", "/rootfs"}) std::filesystem::create_directories(folder + name, failed);
  auto options = fmt::format("lowerdir={},upperdir={}/upper,workdir={}/work,index=off,redirect_dir=off,metacopy=off",
                             from.lower, folder, folder);
  return ::mount("overlay", (folder + "/rootfs").c_str(), "overlay", 0, options.c_str()) == 0;
}

/// Init is this process's child (it is a subreaper): its exit status.
int wait_for_init(const std::string& pid_file) {
  auto text = content_of(pid_file);
  pid_t pid = 0;
  int status = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  if (pid <= 0 || ::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool without_engine(const bare_bundle& from, unsigned number, start_times& starts) {
  auto id = fmt::format("bench-{}-{}", ::getpid(), number), folder = from.work + "/" + id, state = from.work + "/state";
  if (!mount_overlay(from, folder)) return std::perror("mount overlay"), false;
  std::ofstream(folder + "/config.json") << filled(filled(from.runtime_template, "@ID@", id), "@ROOTFS@",
                                                   folder + "/rootfs");
  auto pid_file = folder + "/pid";
  auto called = clock_type::now();
  bool ran = run({from.runtime, "--root", state, "create", "--bundle", folder, "--pid-file", pid_file, id}) == 0 &&
             run({from.runtime, "--root", state, "start", id}) == 0;
  starts.add(clock_type::now() - called);
  ran = wait_for_init(pid_file) == 0 && ran;
  bool deleted = run({from.runtime, "--root", state, "delete", id}) == 0;
  bool unmounted = ::umount2((folder + "/rootfs").c_str(), 0) == 0;
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);
  return ran && deleted && unmounted;
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> given(argv + 1, argv + argc);
  if (given.size() == 5 && given[0] == "gantry") {
    measure(amount_of(given[3]), static_cast<unsigned>(std::stoul(given[4])),
            [&] { return through_engine(given[1], given[2]); });
    return 0;
  }
  if (given.size() == 7 && given[0] == "bare") {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    bare_bundle from{given[1], content_of(given[2]), given[3], given[4]};
    measure(amount_of(given[5]), static_cast<unsigned>(std::stoul(given[6])),
            [&] { return [&](unsigned n, start_times& starts) { return without_engine(from, n, starts); }; });
    return 0;
  }
  std::fputs(
      "bench_create_rate gantry SOCKET IMAGE COUNT IN_FLIGHT | bare RUNTIME TEMPLATE LOWER WORK COUNT IN_FLIGHT\n",
      stderr);
  return 2;
}
