#include <algorithm>

#include "runtime/native/names.hpp"
#include "runtime/native/parse_parts.hpp"
#include "runtime/sys/capability_names.hpp"

namespace gantry::native {
namespace {

void read_user(json_fields& in, dom::element value, process_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "uid") return in.get(member, plan.uid), true;
    if (key == "gid") return in.get(member, plan.gid), true;
    if (key == "umask") return in.get(member, plan.umask), true;
    if (key == "additionalGids") return in.get(member, plan.groups), true;
    return key == "username"; // Windows'
  });
}

void read_size(json_fields& in, dom::element value, process_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "height") return in.get(member, plan.rows), true;
    if (key == "width") return in.get(member, plan.columns), true;
    return false;
  });
}

/// Names that this host does not know are left out, as runc does.
void read_set(json_fields& in, dom::element value, std::uint64_t& set, std::vector<std::string>& unknown) {
  in.list(value, [&](dom::element element) {
    std::string name;
    in.get(element, name);
    if (const auto number = sys::capability_number(name))
      set |= std::uint64_t{1} << *number;
    else if (std::find(unknown.begin(), unknown.end(), name) == unknown.end())
      unknown.push_back(name);
  });
}

void read_capabilities(json_fields& in, dom::element value, process_plan& plan) {
  auto& sets = plan.capabilities.emplace();
  const auto read = [&](dom::element list, std::uint64_t& set) {
    read_set(in, list, set, plan.unknown_capabilities);
    return true;
  };
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "bounding") return read(member, sets.bounding);
    if (key == "effective") return read(member, sets.effective);
    if (key == "permitted") return read(member, sets.permitted);
    if (key == "inheritable") return read(member, sets.inheritable);
    if (key == "ambient") return read(member, sets.ambient);
    return false;
  });
}

void read_rlimit(json_fields& in, dom::element value, process_plan& plan) {
  rlimit_entry entry;
  std::string type;
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "type") return in.get(member, type), true;
    if (key == "soft") return in.get(member, entry.soft), true;
    if (key == "hard") return in.get(member, entry.hard), true;
    return false;
  });
  const auto number = rlimit_number(type);
  if (!number) return in.wrong("has no type of getrlimit(2)");
  entry.resource = *number;
  for (const auto& one : plan.rlimits)
    if (one.resource == entry.resource) return in.wrong("is there twice");
  plan.rlimits.push_back(entry);
}

void read_hook(json_fields& in, dom::element value, hook& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "path") return in.get(member, plan.path), true;
    if (key == "args") return in.get(member, plan.args), true;
    if (key == "env") return in.get(member, plan.env), true;
    if (key == "timeout") return in.get(member, plan.timeout_seconds), true;
    return false;
  });
  if (!plan.path.starts_with('/')) in.wrong("needs an absolute path");
}

} // namespace

void read_process(json_fields& in, dom::element value, process_plan& plan) {
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "terminal") return in.get(member, plan.terminal), true;
    if (key == "consoleSize") return read_size(in, member, plan), true;
    if (key == "user") return read_user(in, member, plan), true;
    if (key == "args") return in.get(member, plan.args), true;
    if (key == "env") return in.get(member, plan.env), true;
    if (key == "cwd") return in.get(member, plan.cwd), true;
    if (key == "capabilities") return read_capabilities(in, member, plan), true;
    if (key == "rlimits") return in.list(member, [&](dom::element one) { read_rlimit(in, one, plan); }), true;
    if (key == "noNewPrivileges") return in.get(member, plan.no_new_privileges), true;
    if (key == "apparmorProfile") return in.get(member, plan.apparmor_profile), true;
    if (key == "selinuxLabel") return in.get(member, plan.selinux_label), true;
    if (key == "scheduler") return read_scheduler(in, member, plan), true;
    if (key == "ioPriority") return read_io_priority(in, member, plan), true;
    if (key == "execCPUAffinity") return read_affinity(in, member, plan), true;
    if (key == "oomScoreAdj") return in.get(member, plan.oom_score_adj), true;
    return key == "commandLine"; // Windows'
  });
}

void read_hooks(json_fields& in, dom::element value, hook_lists& plan) {
  const auto read = [&](dom::element list, std::vector<hook>& into) {
    in.list(list, [&](dom::element one) { read_hook(in, one, into.emplace_back()); });
    return true;
  };
  in.object(value, [&](std::string_view key, dom::element member) {
    if (key == "prestart") return read(member, plan.prestart);
    if (key == "createRuntime") return read(member, plan.create_runtime);
    if (key == "createContainer") return read(member, plan.create_container);
    if (key == "startContainer") return read(member, plan.start_container);
    if (key == "poststart") return read(member, plan.poststart);
    if (key == "poststop") return read(member, plan.poststop);
    return false;
  });
}

} // namespace gantry::native
