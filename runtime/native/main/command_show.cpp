#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>

#include "runtime/cgroup/mode.hpp"
#include "runtime/cgroup/remove.hpp"
#include "runtime/native/main/arguments.hpp"
#include "runtime/native/main/commands.hpp"

namespace gantry::oci_program {
namespace {

using native::json_string;

std::string entry_json(const container_record& record, status now, const char* owner) {
  return fmt::format(
      R"({{"ociVersion":"1.0.2-dev","id":{},"pid":{},"status":{},"bundle":{},"rootfs":{},"created":{},"owner":{}}})",
      json_string(record.id), now == status::stopped ? 0 : record.pid, json_string(to_string(now)),
      json_string(record.bundle), json_string(record.rootfs), json_string(record.created), json_string(owner));
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// What `ps ARGS` prints of these processes, with its heading.
result<int> print_table(const std::vector<int>& pids, const words& args) {
  std::string command = "ps";
  for (const auto& one : args.empty() ? words{"-ef"} : args) {
    command += " '";
    for (const char c : one) command += c == '\'' ? std::string("'\\''") : std::string(1, c);
    command += "'";
  }
  FILE* output = ::popen(command.c_str(), "re");
  if (output == nullptr) return fail(errc::unavailable, "cannot run ps");
  std::string text;
  std::array<char, 4096> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), output)) text.append(buffer.data(), got);
  if (::pclose(output) != 0) return fail(errc::unavailable, "ps failed");
  std::istringstream lines(text);
  std::string line, word;
  std::getline(lines, line);
  print(line + "\n");
  std::istringstream heading(line);
  int column = 0;
  while (heading >> word && word != "PID") ++column;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    for (int at = 0; at <= column && fields >> word; ++at) {
    }
    if (std::find(pids.begin(), pids.end(), std::atoi(word.c_str())) != pids.end()) print(line + "\n");
  }
  return 0;
}

} // namespace

result<std::string> only_id(const words& rest, const char* command) {
  if (rest.size() == 1 && !rest.front().empty()) return rest.front();
  return fail(errc::invalid_argument, "gantry-oci: \"{}\" requires exactly 1 argument(s)", command);
}

result<int> command_state(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto given, parse_arguments(args, {}));
  GANTRY_LET(const auto id, only_id(given.rest, "state"));
  GANTRY_LET(const auto record, records.load(id));
  print(entry_json(record, records.status_of(record), "") + "\n");
  return 0;
}

result<int> command_list(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto given, parse_arguments(args, {{"format", "f", true}, {"quiet", "q", false}}));
  const bool quiet = given.has("quiet"), json = given.value("format") == "json";
  std::string out = json ? "[" : quiet ? "" : "ID          PID         STATUS      BUNDLE      CREATED      OWNER\n";
  for (const auto& id : records.ids()) {
    const auto record = records.load(id);
    if (!record) continue;
    const auto now = records.status_of(*record);
    if (quiet)
      out += id + "\n";
    else if (json)
      out += (out.size() > 1 ? "," : "") + entry_json(*record, now, "root");
    else
      out += fmt::format("{:<11} {:<11} {:<11} {:<11} {} root\n", id, now == status::stopped ? 0 : record->pid,
                         to_string(now), record->bundle, record->created);
  }
  print(json && !quiet ? out + "]\n" : out);
  return 0;
}

result<int> command_ps(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto given, parse_arguments(args, {{"format", "f", true}}));
  if (given.rest.empty()) return fail(errc::invalid_argument, "\"ps\" requires a minimum of 1 argument");
  GANTRY_LET(const auto record, records.load(given.rest.front()));
  std::vector<int> pids;
  if (cgroup::of_host()) pids = cgroup::processes(*cgroup::of_host(), record.cgroup_path);
  std::sort(pids.begin(), pids.end());
  if (given.value("format") != "json") return print_table(pids, words(given.rest.begin() + 1, given.rest.end()));
  std::string out = "[";
  for (const int pid : pids) out += (out.size() > 1 ? "," : "") + std::to_string(pid);
  print(out + "]\n");
  return 0;
}

result<int> command_features(const record_folder&, const words&, const program_log&) {
  print(
      R"({"ociVersionMin":"1.0.0","ociVersionMax":"1.2.0",)"
      R"("hooks":["prestart","createRuntime","createContainer","startContainer","poststart","poststop"],)"
      R"("mountOptions":["async","atime","bind","defaults","dev","diratime","dirsync","exec","idmap","lazytime","loud",)"
      R"("noatime",)"
      R"("nodev","nodiratime","noexec","nomand","norelatime","nostrictatime","nosuid","nosymfollow","private","ratime",)"
      R"("rbind","rdev","rdiratime","relatime","remount","rexec","ridmap","rnoatime","rnodev","rnodiratime","rnoexec","rnorelatime",)"
      R"("rnostrictatime","rnosuid","rnosymfollow","ro","rprivate","rrelatime","rro","rrw","rshared","rslave",)"
      R"("rstrictatime","rsuid","rsymfollow","runbindable","rw","shared","slave","strictatime","suid","symfollow","sync","tmpcopyup",)"
      R"("unbindable"],"linux":{"namespaces":["cgroup","ipc","mount","network","pid","time","user","uts"],)"
      R"("cgroup":{"v1":true,"v2":true,"systemd":true,"systemdUser":false},)"
      R"("seccomp":{"enabled":true,"actions":["SCMP_ACT_ALLOW","SCMP_ACT_ERRNO","SCMP_ACT_KILL","SCMP_ACT_KILL_PROCESS",)"
      R"("SCMP_ACT_KILL_THREAD","SCMP_ACT_LOG","SCMP_ACT_TRACE","SCMP_ACT_TRAP"]},)"
      R"("apparmor":{"enabled":true},"selinux":{"enabled":true},"intelRdt":{"enabled":false},)"
      R"("mountExtensions":{"idmap":{"enabled":true}}}})"
      "\n");
  return 0;
}

} // namespace gantry::oci_program
