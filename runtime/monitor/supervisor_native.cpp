#include <fcntl.h>
#include <unistd.h>

#include "runtime/monitor/reuse_terms.hpp"
#include "runtime/monitor/supervisor.hpp"
#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/oci/error_text.hpp"
#include "runtime/sys/files.hpp"

// What the zygote launches itself, without executing an OCI runtime.

namespace gantry::monitor {

// -- init ------------------------------------------------------------------------------------------------------------

void supervisor::start_natively(const container_ptr& c, start_container what, native::container_plan plan,
                                const responder& respond) {
  c->native = facts_of(plan);
  if (auto terms = terms_of_network_reuse(plan, c->bundle)) c->network = reusable_network{std::move(*terms), {}};
  c->cgroup_terms = terms_of_cgroup_reuse(plan, c->bundle);
  native_launches::request launch;
  auto order = std::make_shared<native_order>();
  order->id = c->name.id;
  order->bundle = c->bundle;
  order->cgroup_path = plan.cgroup_path;
  plan.root = c->bundle + "/rootfs";
  plan.overlay = plan_overlay(what);
  plan.files = plan_files(what);
  plan.shm = plan_shm(what);
  plan.mapped = plan_mapped(what);
  order->plan = std::move(plan);
  // Nobody reads config.json for the start; an engine that takes over looks up there what an exec begins with.
  launch.made = [this, c](pid_t pid) { note_network(*c, pid); };
  launch.prepare = [this, c, order,
                    bundle = bundle_content{c->bundle, std::move(what.config_json),
                                            what.root.upper.empty()}]() -> result<native_launch> {
    GANTRY_TRY(make_bundle(bundle));
    GANTRY_TRY(write_facts(c->bundle, *c->native));
    native_launch with;
    GANTRY_LET(with.descriptors, c->init.io->open(c->bundle, ""));
    c->oom_kills_before = 0; // the cgroup is new, or as a new one
    lend_network(*c, order->plan);
    if (c->cgroup_terms) c->idle_cgroups = idle_cgroups_.take(*c->cgroup_terms, order->cgroup_path);
    order->idle_cgroups = c->idle_cgroups;
    with.order = std::move(*order);
    return with;
  };
  launch.done = [this, c, respond](result<launched_process> how) { native_start_ended(c, std::move(how), respond); };
  natives_.add(std::move(launch));
}

void supervisor::lend_network(container& c, native::container_plan& plan) {
  if (!c.network) return;
  c.network->handle = idle_networks_.take(c.network->terms);
  if (!c.network->handle) return;
  for (auto& one : plan.namespaces)
    if (one.flag == CLONE_NEWNET) one.path = path_of(c.network->handle);
}

void supervisor::note_network(container& c, pid_t pid) {
  if (!c.network || c.network->handle) return;
  c.network->handle.reset(::open(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (!c.network->handle) c.network.reset(); // it has failed already
}

void supervisor::native_start_ended(const container_ptr& c, result<launched_process> how, const responder& respond) {
  if (!how) return native_start_failed(c, std::move(how.error()), respond);
  c->init.pid = how->pid;
  c->init.handle = std::move(how->handle);
  if (auto start = sys::process_start_time(c->init.pid)) c->init.start_time = *start;
  if (auto taken = c->init.io->started(); !taken) return native_start_failed(c, taken.error(), respond);
  init_runs(c, how->mark, respond);
}

/// As start_failed: nothing half-made stays.
void supervisor::native_start_failed(const container_ptr& c, error why, const responder& respond) {
  c->init.io->abandon();
  drop_all_waiting(c->name);
  if (!c->idle_cgroups.empty()) idle_cgroups_.remove(c->idle_cgroups); // if it had not come to take them
  auto finish = [this, c, why = std::move(why), respond](const result<void>&) {
    with_.disk.run([bundle = c->bundle] { (void)sys::remove_tree(bundle); },
                   [this, c, why, respond] {
                     containers_.erase(c->name);
                     respond(tl::unexpected<error>(why));
                     go_on_deleting(c->name);
                   });
  };
  remove_groups(c->native->cgroup_path, finish);
}

// -- exec ------------------------------------------------------------------------------------------------------------

void supervisor::exec_natively(const container_ptr& c, const exec_process& what, const responder& respond) {
  auto asked = native::parse_process(what.process_json);
  if (!asked) return exec_failed(c, what.exec_id, asked.error(), respond);
  if (!is_powerless(*asked)) { // it can change the network, and mount a cgroupfs
    c->network.reset();
    c->cgroup_terms.reset();
  }
  native_launches::request launch;
  launch.prepare = [this, c, io = c->execs.at(what.exec_id).io, what, asked = std::move(*asked)] {
    return prepare_native_exec(*c, *io, what, asked);
  };
  launch.done = [this, c, exec_id = what.exec_id, respond](result<launched_process> how) {
    auto found = c->execs.find(exec_id);
    if (found == c->execs.end()) // the container ended meanwhile and took it along
      return respond(fail(errc::not_found, "container {}: it is not running", to_string(c->name)));
    if (!how) return exec_failed(c, exec_id, std::move(how.error()), respond);
    auto& session = found->second;
    session.pid = how->pid;
    session.handle = std::move(how->handle);
    if (auto start = sys::process_start_time(session.pid)) session.start_time = *start;
    if (auto taken = session.io->started(); !taken) return exec_failed(c, exec_id, taken.error(), respond);
    exec_runs(c, exec_id, how->mark, respond);
  };
  natives_.add(std::move(launch));
}

result<native_launch> supervisor::prepare_native_exec(const container& c, process_io& io, const exec_process& what,
                                                      native::process_plan asked) {
  if (!c.init.handle) return fail(errc::not_found, "container {}: it is not running", to_string(c.name));
  native_launch with;
  with.order.exec = true;
  with.order.id = c.name.id;
  with.order.bundle = c.bundle;
  with.order.cgroup_path = c.native->cgroup_path;
  with.order.namespaces = c.native->namespaces;
  with.order.plan.process = std::move(asked);
  with.order.plan.process.terminal = what.tty;
  if (what.console_height != 0 || what.console_width != 0) {
    with.order.plan.process.rows = what.console_height;
    with.order.plan.process.columns = what.console_width;
  }
  with.order.plan.seccomp = *c.native->filter;
  auto prefix = "exec-" + std::to_string(next_exec_++) + "-";
  GANTRY_LET(with.descriptors, io.open(c.bundle, prefix));
  for (const auto* name : {"stdin", "stdout", "stderr"}) // held by descriptor: nothing of an exec session outlives it
    ::unlink((c.bundle + "/" + prefix + name).c_str());
  with.descriptors.emplace_back(::fcntl(c.init.handle.get(), F_DUPFD_CLOEXEC, 0));
  return with;
}

// -- cgroups ---------------------------------------------------------------------------------------------------------

/// Nearly always they are empty by now. Else a child kills and waits: a process that hangs must not hold up the
/// removal of another container.
void supervisor::remove_groups(const std::string& path, std::function<void(result<void>)> done) {
  auto gone = std::make_shared<bool>(false);
  with_.cgroups.run([gone, path] { *gone = native::remove_empty_cgroups(path); },
                    [this, gone, path, done = std::move(done)] {
                      if (*gone) return done({});
                      run_own_verb(own_verb::remove, path, done);
                    });
}

void supervisor::give_groups_back(container* c, const deletion& d, const std::string& path,
                                  std::function<void(result<void>)> done) {
  if (c == nullptr || !c->cgroup_terms || c->now != stage::exited || !d.what.untouched)
    return remove_groups(path, done);
  idle_cgroups_.give_back(*c->cgroup_terms, path, [this, path, done = std::move(done)](bool gone) {
    if (gone) return done({});
    run_own_verb(own_verb::remove, path, done);
  });
}

/// In a child of its own, since it may have to wait for the container's processes.
void supervisor::run_own_verb(own_verb verb, const std::string& cgroup_path, std::function<void(result<void>)> done) {
  auto printed = std::make_shared<sys::unique_fd>();
  job work;
  work.prepare = [printed, verb, cgroup_path]() -> result<launch> {
    launch with;
    with.plan.verb = verb;
    with.plan.cgroup = cgroup_path;
    with.plan.targets = {0, 1, 2};
    with.descriptors.resize(3);
    GANTRY_LET(*printed, open_scratch());
    GANTRY_LET(with.descriptors[0], open_null());
    for (std::size_t i : {1U, 2U}) with.descriptors[i].reset(::fcntl(printed->get(), F_DUPFD_CLOEXEC, 0));
    return with;
  };
  work.done = [printed, done = std::move(done)](const job_end& how) {
    if (!how) return done(tl::unexpected<error>(how.error()));
    if (how->code == 0) return done({});
    done(fail(errc::unavailable, "{}", oci::error_text("", read_scratch(printed->get()))));
  };
  runtimes_.add(std::move(work));
}

} // namespace gantry::monitor
