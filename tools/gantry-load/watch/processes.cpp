#include "tools/gantry-load/watch/processes.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>

#include "runtime/sys/files.hpp"

namespace gantry::load {

namespace {

constexpr std::size_t longest_name = 15; // TASK_COMM_LEN, without its end

const std::vector<std::string>& gantry_names() {
  static const std::vector<std::string> names{"gantryd", "gantry-monitor", "gantry-zygote"};
  return names;
}

const std::vector<std::string>& other_names() {
  static const std::vector<std::string> names{"containerd", "containerd-shim", "conmon", "dockerd", "podman"};
  return names;
}

bool is_named(const process& one, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return one.name == name.substr(0, longest_name); });
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    auto end = text.find(' ');
    words.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return words;
}

/// Children of what is chosen, and theirs, as far as they have the names: a container's own processes have others.
void add_descendants(const std::vector<process>& all, std::set<pid_t>& chosen) {
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& one : all)
      if (chosen.count(one.parent) != 0 && is_named(one, gantry_names())) grew = chosen.insert(one.pid).second || grew;
  }
}

} // namespace

std::optional<process> parse_stat(std::string_view text) {
  // The name may hold anything, parentheses too: the last one ends it.
  auto open = text.find('('), close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open || close + 2 >= text.size()) return std::nullopt;
  auto words = words_of(text.substr(close + 2));
  if (words.size() < 20) return std::nullopt;
  process made;
  made.pid = static_cast<pid_t>(number(text));
  made.name = text.substr(open + 1, close - open - 1);
  // Field 3 of proc(5), the state, is the first word.
  made.parent = static_cast<pid_t>(number(words[1]));
  made.cpu = number(words[11]) + number(words[12]);
  made.reaped_cpu = number(words[13]) + number(words[14]);
  made.threads = number(words[17]);
  made.started = number(words[19]);
  return made;
}

std::vector<process> read_processes() {
  std::vector<process> found;
  std::error_code failed;
  for (std::filesystem::directory_iterator at("/proc", failed), end; !failed && at != end; at.increment(failed)) {
    auto name = at->path().filename().string();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    auto text = sys::read_file("/proc/" + name + "/stat"); // it may have ended meanwhile
    if (!text) continue;
    if (auto one = parse_stat(*text)) found.push_back(std::move(*one));
  }
  return found;
}

std::vector<process> select_engine(const std::vector<process>& all, const engine_selection& which,
                                   const std::function<std::string(pid_t)>& command_of) {
  auto listener = std::find_if(all.begin(), all.end(), [&](const process& p) { return p.pid == which.listener; });
  std::set<pid_t> chosen;
  if (listener != all.end()) chosen.insert(listener->pid);
  for (const auto& one : all) {
    if (!which.names.empty() || !which.gantry) {
      if (is_named(one, which.names.empty() ? other_names() : which.names)) chosen.insert(one.pid);
    } else if (one.name == "gantry-monitor" && !which.folder.empty() &&
               command_of(one.pid).find(which.folder) != std::string::npos) {
      chosen.insert(one.pid);
    }
  }
  if (which.gantry && which.names.empty()) add_descendants(all, chosen);
  std::vector<process> made;
  std::copy_if(all.begin(), all.end(), std::back_inserter(made),
               [&](const process& one) { return chosen.count(one.pid) != 0; });
  return made;
}

bool is_gantry(pid_t listener) {
  auto text = sys::read_file("/proc/" + std::to_string(listener) + "/stat");
  auto one = text ? parse_stat(*text) : std::nullopt;
  return one && one->name == gantry_names().front();
}

pid_t listener_of(const std::string& socket) {
  sys::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!fd || socket.size() >= sizeof address.sun_path) return 0;
  socket.copy(address.sun_path, socket.size());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 0;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.pid == 1 ? 0 : peer.pid;
}

} // namespace gantry::load
