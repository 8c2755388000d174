#include "runtime/native/main/container_record.hpp"
#include "runtime/cgroup/mode.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "runtime/native/cgroup_setup.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::oci_program {
namespace {

constexpr std::size_t max_id = 1024;

/// 'R', 'S', 'Z', … of proc(5)'s stat; 0: no such process.
char process_state(pid_t pid) {
  const auto text = sys::read_file("/proc/" + std::to_string(pid) + "/stat", 4096).value_or(std::string());
  const auto at = text.rfind(')');
  return at == std::string::npos || at + 2 >= text.size() ? '\0' : text[at + 2];
}

bool is_alive(const container_record& record) {
  if (record.pid <= 0) return false;
  const char state = process_state(record.pid);
  if (state == '\0' || state == 'Z' || state == 'X') return false;
  return sys::process_start_time(record.pid).value_or(0) == record.start_time;
}

} // namespace

std::string_view to_string(status s) {
  switch (s) {
  case status::created:
    return "created";
  case status::running:
    return "running";
  case status::paused:
    return "paused";
  case status::stopped:
    break;
  }
  return "stopped";
}

result<void> record_folder::check_id(const std::string& id) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
  if (id.empty() || id.size() > max_id || id == "." || id == ".." || id.find_first_not_of(allowed) != std::string::npos)
    return fail(errc::invalid_argument, "invalid container ID format");
  return {};
}

result<void> record_folder::reserve(const std::string& id) const {
  GANTRY_TRY(check_id(id));
  const auto folder = root_ + "/" + id;
  int failed = ::mkdir(folder.c_str(), 0711) == 0 ? 0 : errno;
  if (failed == ENOENT) {
    GANTRY_TRY(sys::make_directories(root_, 0700));
    failed = ::mkdir(folder.c_str(), 0711) == 0 ? 0 : errno;
  }
  if (failed == EEXIST) return fail(errc::already_exists, "container with given ID already exists");
  if (failed != 0) return fail_errno(failed, "mkdir {}", folder);
  return {};
}

result<void> record_folder::save(const container_record& record) const {
  using native::json_string;
  return sys::write_file(
      file(record.id, "state.json"),
      fmt::format(
          R"({{"version":1,"id":{},"bundle":{},"rootfs":{},"cgroup":{},"created":{},"pid":{},"start_time":{}}})",
          json_string(record.id), json_string(record.bundle), json_string(record.rootfs),
          json_string(record.cgroup_path), json_string(record.created), record.pid, record.start_time),
      0600);
}

result<container_record> record_folder::load(const std::string& id) const {
  GANTRY_TRY(check_id(id));
  const auto text = sys::read_file(file(id, "state.json"));
  if (!text) return fail(errc::not_found, "container does not exist");
  simdjson::dom::parser parser;
  simdjson::dom::object fields;
  container_record record;
  std::int64_t pid = 0;
  const auto read = [&](const char* key, std::string& into) {
    std::string_view value;
    if (fields[key].get_string().get(value) != simdjson::SUCCESS) return false;
    into = value;
    return true;
  };
  if (parser.parse(*text).get_object().get(fields) != simdjson::SUCCESS || !read("id", record.id) ||
      !read("bundle", record.bundle) || !read("rootfs", record.rootfs) || !read("cgroup", record.cgroup_path) ||
      !read("created", record.created) || fields["pid"].get_int64().get(pid) != simdjson::SUCCESS ||
      fields["start_time"].get_uint64().get(record.start_time) != simdjson::SUCCESS)
    return fail(errc::corrupt, "{} is not in the form of a state", file(id, "state.json"));
  record.pid = static_cast<pid_t>(pid);
  return record;
}

result<void> record_folder::remove(const std::string& id) const {
  GANTRY_TRY(check_id(id));
  // What is in it is known: the general way costs more.
  for (const auto* name : {"state.json", "config.json", "exec.fifo"}) ::unlink(file(id, name).c_str());
  const auto folder = root_ + "/" + id;
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return {};
  return sys::remove_tree(folder);
}

std::vector<std::string> record_folder::ids() const {
  std::vector<std::string> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(root_.c_str()), &::closedir);
  if (!dir) return found;
  while (const auto* entry = ::readdir(dir.get()))
    if (check_id(entry->d_name)) found.emplace_back(entry->d_name);
  std::sort(found.begin(), found.end());
  return found;
}

status record_folder::status_of(const container_record& record) const {
  if (!is_alive(record)) return status::stopped;
  if (::access(file(record.id, "exec.fifo").c_str(), F_OK) == 0) return status::created;
  return cgroup::of_host() && native::is_frozen(*cgroup::of_host(), record.cgroup_path).value_or(false)
             ? status::paused
             : status::running;
}

sys::unique_fd open_init(const container_record& record) {
  if (record.pid <= 0) return {};
  sys::unique_fd handle(static_cast<int>(::syscall(SYS_pidfd_open, record.pid, 0)));
  // Checked after it was opened: the number cannot have passed to another process since.
  if (!handle || !is_alive(record)) return {};
  return handle;
}

std::string time_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[64];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return std::string(text, size) + fmt::format(".{:09}Z", now.tv_nsec);
}

} // namespace gantry::oci_program
