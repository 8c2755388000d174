#include "runtime/monitor/supervisor.hpp"

#include <algorithm>

namespace gantry::monitor {
namespace {

bool is_name(std::string_view text, std::size_t limit) {
  auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= limit && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), good);
}

} // namespace

supervisor::supervisor(surroundings with, std::function<void(const process_exited&)> announce,
                       std::function<void()> end)
    : with_(std::move(with)), announce_(std::move(announce)), end_(std::move(end)),
      runtimes_(with_.loop, with_.processes, max_runtimes), host_programs_(with_.loop, with_.processes, max_runtimes),
      natives_(with_.loop, with_.processes, max_runtimes), networks_(host_programs_),
      idle_networks_(with_.loop, with_.cgroups), idle_cgroups_(with_.loop, with_.cgroups, with_.idle_cgroups_record),
      pods_(host_programs_) {}

void supervisor::handle(request what, const responder& respond) {
  std::visit([&](auto& one) { on(std::move(one), respond); }, what);
}

supervisor::container_ptr supervisor::find(const key& name) const {
  auto found = containers_.find(name);
  return found == containers_.end() ? nullptr : found->second;
}

result<supervisor::container_ptr> supervisor::running(const key& name) const {
  auto c = find(name);
  if (!c) return fail(errc::not_found, "container {}: this monitor does not have it", to_string(name));
  if (c->now == stage::starting)
    return fail(errc::failed_precondition, "container {}: not started yet", to_string(name));
  if (c->now != stage::running) return fail(errc::not_found, "container {}: it is not running", to_string(name));
  return c;
}

result<supervisor::process*> supervisor::find_process(const key& name, const std::string& exec_id) const {
  GANTRY_LET(auto c, running(name));
  if (exec_id.empty()) return &c->init;
  auto found = c->execs.find(exec_id);
  if (found == c->execs.end() || found->second.pid == 0)
    return fail(errc::not_found, "container {}: exec session {} is not running", to_string(name), exec_id);
  return &found->second;
}

std::vector<std::string> runtime_environment() {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"};
}

result<void> check_key(const key& name) {
  if (is_name(name.ns, 63) && is_name(name.id, 128)) return {};
  return fail(errc::invalid_argument, "\"{}\" is not the namespace and id of a container", to_string(name));
}

} // namespace gantry::monitor
