#include "runtime/native/joined_namespaces.hpp"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "runtime/native/names.hpp"
#include "runtime/native/procfs.hpp"

namespace gantry::native {
namespace {

result<sys::unique_fd> own_namespace(const char* name) {
  sys::unique_fd own(::open((std::string("/proc/self/ns/") + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!own) return fail_errno(errno, "open /proc/self/ns/{}", name);
  return own;
}

result<void> join(const opened_namespace& one) {
  if (::setns(one.handle.get(), static_cast<int>(one.flag)) == 0) return {};
  return fail_errno(errno, "join {} namespace {}", namespace_file(one.flag), one.path);
}

result<void> set_offset(int procfs, const std::string& self, const char* clock, const time_offset& by) {
  if (by.seconds == 0 && by.nanoseconds == 0) return {};
  return write_below(procfs, self + "/timens_offsets", fmt::format("{} {} {}\n", clock, by.seconds, by.nanoseconds));
}

/// Offsets can be set until the first process is in it.
result<void> make_time_namespace(const container_plan& plan) {
  if (::unshare(CLONE_NEWTIME) != 0) return fail_errno(errno, "new time namespace");
  GANTRY_LET(const auto procfs, open_procfs());
  GANTRY_LET(const auto self, own_name_in(procfs.get()));
  GANTRY_TRY(set_offset(procfs.get(), self, "monotonic", plan.monotonic_offset));
  return set_offset(procfs.get(), self, "boottime", plan.boottime_offset);
}

} // namespace

result<std::vector<opened_namespace>> open_namespaces(const container_plan& plan) {
  std::vector<opened_namespace> all;
  for (const auto& one : plan.namespaces) {
    if (one.path.empty()) continue;
    sys::unique_fd handle(::open(one.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!handle) return fail_errno(errno, "namespace {}", one.path);
    all.push_back({one.flag, one.path, std::move(handle)});
  }
  return all;
}

result<void> join_namespaces(const std::vector<opened_namespace>& all) {
  const opened_namespace* users = nullptr;
  for (const auto& one : all) {
    if (one.flag == CLONE_NEWUSER)
      users = &one;
    else if (one.flag != CLONE_NEWPID)
      GANTRY_TRY(join(one));
  }
  return users == nullptr ? result<void>{} : join(*users);
}

int joined_users(const std::vector<opened_namespace>& all) {
  for (const auto& one : all)
    if (one.flag == CLONE_NEWUSER) return one.handle.get();
  return -1;
}

result<birthplace> birthplace::of(const container_plan& plan, const std::vector<opened_namespace>& joined) {
  birthplace place;
  for (const auto& one : joined) {
    if (one.flag != CLONE_NEWPID) continue;
    GANTRY_LET(place.own_pid_, own_namespace("pid"));
    GANTRY_TRY(join(one));
  }
  if (const auto* time = plan.find_namespace(CLONE_NEWTIME); time != nullptr && time->path.empty()) {
    GANTRY_LET(place.own_time_, own_namespace("time"));
    GANTRY_TRY(make_time_namespace(plan));
  }
  return place;
}

void birthplace::leave() {
  if (own_pid_) (void)::setns(own_pid_.get(), CLONE_NEWPID);
  if (own_time_) (void)::setns(own_time_.get(), CLONE_NEWTIME);
  own_pid_.reset();
  own_time_.reset();
}

} // namespace gantry::native
