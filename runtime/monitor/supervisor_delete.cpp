#include <csignal>
#include <unistd.h>

#include "runtime/monitor/process_handle.hpp"
#include "runtime/monitor/supervisor.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::monitor {
namespace {

constexpr std::chrono::seconds kill_patience{10};

} // namespace

void supervisor::on(delete_container what, const responder& respond) {
  if (auto good = check_key(what.container); !good) return respond(tl::unexpected<error>(good.error()));
  if (!with_.bundles.holds(what.bundle))
    return respond(fail(errc::invalid_argument, "{}: not below the run folder's bundles", what.bundle));
  auto name = what.container;
  auto [at, fresh] = deletions_.try_emplace(name);
  at->second.askers.push_back(respond);
  if (!fresh) { // joins the one under way
    auto& known = at->second.what;
    known.untouched = known.untouched && what.untouched;
    return;
  }
  at->second.what = std::move(what);
  go_on_deleting(name);
}

/// Called whenever the container came to a stage where a removal may go on.
void supervisor::go_on_deleting(const key& name) {
  auto found = deletions_.find(name);
  if (found == deletions_.end() || found->second.removing) return;
  auto c = find(name);
  if (!c) return remove_by_runtime(name, oci::removal::force);
  if (c->now == stage::exited) return remove_by_runtime(name, oci::removal::of_stopped);
  if (c->now == stage::running) kill_for_deletion(*c, found->second);
}

/// Killed here, not by `delete --force`: runc's sleeps 100 ms for a live one. Its exit goes on with the removal; when
/// that does not come (a process that hangs in the kernel), the runtime tries by force.
void supervisor::kill_for_deletion(const container& c, deletion& d) {
  if (c.init.handle) (void)send_signal(c.init.handle.get(), SIGKILL);
  // A frozen process dies when it thaws.
  if (c.paused && c.native) run_own_verb(own_verb::thaw, c.native->cgroup_path, [](result<void>) {});
  if (c.paused && !c.native)
    run_verb(c.runtime, oci::resume_argv(c.runtime, {c.name.id, "/dev/null", "", "", "", ""}), [](result<void>) {});
  d.patience = with_.loop.after(kill_patience, [this, name = c.name] { remove_by_runtime(name, oci::removal::force); });
}

void supervisor::remove_by_runtime(const key& name, oci::removal how) {
  auto& d = deletions_.at(name);
  d.removing = true;
  d.patience.reset();
  auto c = find(name);
  if (auto facts = c ? c->native : read_facts(d.what.bundle))
    return give_groups_back(c.get(), d, facts->cgroup_path, [this, name](const result<void>& removed) {
      if (!removed) return deleted(name, within(removed.error(), "remove container {}", to_string(name)));
      return_network(name);
      remove_files(name);
    });
  if (d.what.runtime.path.empty()) return remove_files(name); // there was only native to launch it, and it did not
  auto argv = oci::delete_argv(d.what.runtime, {name.id, "/dev/null", "", "", "", ""}, how);
  run_verb(d.what.runtime, std::move(argv), [this, name, how](const result<void>& removed) {
    if (removed) return remove_files(name);
    if (how == oci::removal::of_stopped) return remove_by_runtime(name, oci::removal::force);
    deleted(name, within(removed.error(), "remove container {}", to_string(name)));
  });
}

/// Its cgroups are gone: no process of it is left.
void supervisor::return_network(const key& name) {
  auto c = find(name);
  if (!c || !c->network) return;
  auto used = std::move(*c->network);
  c->network.reset();
  if (c->now == stage::exited && deletions_.at(name).what.untouched) idle_networks_.give_back(std::move(used));
}

void supervisor::remove_files(const key& name) {
  auto failed = std::make_shared<result<void>>();
  auto bundle = deletions_.at(name).what.bundle;
  auto remove = [failed, bundle, record = exit_record_path(with_.run_dir, name)] {
    *failed = sys::remove_tree(bundle);
    ::unlink(record.c_str());
  };
  with_.disk.run(std::move(remove), [this, name, failed] { deleted(name, *failed); });
}

void supervisor::deleted(const key& name, const result<void>& how) {
  auto finished = deletions_.extract(name);
  if (how) {
    if (auto c = find(name)) {
      for (auto& [exec_id, session] : c->execs) with_.processes.forget(session.pid);
      with_.processes.forget(c->init.pid);
      containers_.erase(name);
    }
    drop_all_waiting(name);
  }
  for (auto& respond : finished.mapped().askers) {
    if (how)
      respond(reply(done{}));
    else
      respond(tl::unexpected<error>(how.error()));
  }
}

} // namespace gantry::monitor
