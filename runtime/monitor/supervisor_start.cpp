#include <fcntl.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/monitor/oom_counter.hpp"
#include "runtime/monitor/process_handle.hpp"
#include "runtime/monitor/supervisor.hpp"
#include "runtime/monitor/wall_clock.hpp"
#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/oci/error_text.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/systemd/names.hpp"

namespace gantry::monitor {
namespace {

result<bool> root_is_read_only(const std::string& config_json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  bool read_only = false;
  if (parser.parse(config_json).get(document) != simdjson::SUCCESS)
    return fail(errc::invalid_argument, "the container's config.json is not JSON");
  return document["root"]["readonly"].get(read_only) == simdjson::SUCCESS && read_only;
}

result<void> check_mapped(const mapped_source& one, const container_users& users) {
  const bool has_maps = !one.uids.empty() || !users.path.empty();
  if (one.uids.empty() != one.gids.empty() || (!has_maps && one.sub_path.empty()))
    return fail(errc::invalid_argument, "the source \"{}\" needs maps of users and of groups", one.source);
  auto absolute = [](const std::string& path) { return path.starts_with('/'); };
  const bool image = one.source.empty() && one.sub_path.empty() && one.layers.size() > 1;
  if (image ? !std::all_of(one.layers.begin(), one.layers.end(), absolute) : !absolute(one.source))
    return fail(errc::invalid_argument, "the source \"{}\" is no absolute path, nor layers that are", one.source);
  return {};
}

result<void> check_start(const start_container& what, const bundle_folder& bundles) {
  GANTRY_TRY(check_key(what.container));
  if (!bundles.holds(what.bundle))
    return fail(errc::invalid_argument, "{}: a bundle must lie below the run folder's bundles", what.bundle);
  if (what.root.lower.empty()) return fail(errc::invalid_argument, "a container needs at least one layer");
  for (const auto& one : what.mapped) GANTRY_TRY(check_mapped(one, what.users));
  if (!what.root.upper.empty() || what.root.memory > 0) return {};
  GANTRY_LET(bool read_only, root_is_read_only(what.config_json));
  // Its mount points are made in an upper folder in memory, which a container must not be able to fill.
  if (!read_only)
    return fail(errc::invalid_argument, "a container without a writable layer needs root.readonly in its config.json");
  return {};
}

bool by_systemd(const runtime_command& runtime) {
  const auto& all = runtime.flags;
  return std::find(all.begin(), all.end(), systemd_flag) != all.end();
}

struct native_choice {
  std::optional<native::container_plan> plan; ///< none: an OCI runtime has to launch it
  std::string why_not;                        ///< where native was asked for
};

/// Errors: there is no OCI runtime that could, or the document is wrong.
result<native_choice> choose_launcher(const start_container& what) {
  if (!what.runtime.native) return native_choice{};
  auto plan = native::parse_plan(what.config_json);
  if (plan && by_systemd(what.runtime)) {
    GANTRY_LET(plan->cgroup_path, systemd::path_of_scope(plan->cgroup_path));
  }
  // The zygote serves all containers: it does not wait for the hooks or ID maps of one.
  if (plan && native::needs_caller(*plan) && !native::needs_attendant(*plan))
    plan = fail(errc::failed_precondition, "the native launcher does neither hooks nor new users in the engine");
  else if (plan)
    return native_choice{std::move(*plan), {}};
  else if (!native::is_unsupported(plan.error()))
    return tl::unexpected<error>(std::move(plan.error()));
  if (what.runtime.path.empty())
    return within(plan.error(), "container {}: no OCI runtime is installed that might", to_string(what.container));
  return native_choice{std::nullopt, std::move(plan.error().message)};
}

/// What a runtime that failed left of the container's cgroups, if nobody is in them: crun 1.8 leaves them where it
/// could not write a limit.
void remove_left_cgroups(const std::string& bundle) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view path;
  if (parser.load(bundle + "/config.json").get(document) != simdjson::SUCCESS) return;
  if (document["linux"]["cgroupsPath"].get(path) == simdjson::SUCCESS && path.starts_with('/'))
    (void)native::remove_empty_cgroups(std::string(path));
}

} // namespace

overlay_plan plan_overlay(const start_container& what) {
  overlay_plan plan;
  plan.lower = what.root.lower;
  plan.upper = what.root.upper.empty() ? what.bundle + "/upper" : what.root.upper;
  plan.work = what.root.upper.empty() ? what.bundle + "/work" : what.root.work;
  plan.target = what.bundle + "/rootfs";
  if (what.root.upper.empty() && what.root.memory > 0) { // in a tmpfs of its own, mounted at the bundle's "upper"
    plan.upper = what.bundle + "/upper/upper";
    plan.work = what.bundle + "/upper/work";
    plan.memory = what.root.memory;
  }
  plan.volatile_upper = what.root.volatile_upper && !what.root.upper.empty();
  plan.users = what.users.path;
  plan.root_uid = what.users.root_uid;
  plan.root_gid = what.users.root_gid;
  return plan;
}

std::optional<sys::file_mount> plan_files(start_container& what) {
  if (what.files.empty()) return std::nullopt;
  return sys::file_mount{what.bundle + "/files", std::move(what.files), what.users.root_uid, what.users.root_gid};
}

std::vector<native::mapped_mount> plan_mapped(const start_container& what) {
  std::vector<native::mapped_mount> all;
  for (const auto& one : what.mapped) {
    const auto place = what.bundle + "/mapped/" + std::to_string(all.size());
    all.push_back({one.source, place, one.recursive, what.users.path, maps_of(one.uids), maps_of(one.gids), one.layers,
                   one.sub_path});
  }
  return all;
}

std::optional<sys::borrowed_mount> plan_shm(const start_container& what) {
  if (what.shm.empty()) return std::nullopt;
  return sys::borrowed_mount{what.shm, what.bundle + "/shm"};
}

void supervisor::on(start_container what, const responder& respond) {
  if (auto good = check_start(what, with_.bundles); !good) return respond(tl::unexpected<error>(good.error()));
  if (containers_.contains(what.container) || deletions_.contains(what.container))
    return respond(fail(errc::already_exists, "container {}: this monitor has it already", to_string(what.container)));
  auto choice = choose_launcher(what);
  if (!choice) return respond(tl::unexpected<error>(choice.error()));
  auto c = std::make_shared<container>();
  c->name = what.container;
  c->runtime = what.runtime;
  c->fell_back = std::move(choice->why_not);
  c->bundle = what.bundle;
  c->oom_cgroup = what.oom_cgroup;
  c->users = what.users;
  c->init.io = std::make_shared<process_io>(
      with_.loop, with_.disk,
      process_io::settings{what.tty, what.open_stdin, what.stdin_once, false, what.log, what.console_height,
                           what.console_width, choice->plan.has_value(), 0, what.users.root_uid, what.users.root_gid});
  containers_[c->name] = c;
  if (choice->plan) return start_natively(c, std::move(what), std::move(*choice->plan), respond);
  auto job_state = std::make_shared<runtime_job>();
  job run;
  run.prepare = [this, c, job_state, what = std::move(what)]() mutable {
    auto prepared = prepare_start(*c, what, *job_state);
    what = {}; // a config.json may be large
    return prepared;
  };
  run.done = [this, c, job_state, respond](const job_end& how) { start_ended(c, *job_state, how, respond); };
  runtimes_.add(std::move(run));
}

result<launch> supervisor::prepare_start(container& c, start_container& what, runtime_job& job) {
  GANTRY_TRY(make_bundle({c.bundle, what.config_json, what.root.upper.empty(), what.users.root_gid}));
  launch with;
  GANTRY_LET(with.descriptors, c.init.io->open(c.bundle, ""));
  job.pid_file = c.bundle + "/pid";
  job.log_file = c.bundle + "/runtime.log";
  job.mark = with_.processes.mark();
  c.oom_kills_before = oom_kills(c.oom_cgroup);
  // The console's path is relative: the runtime runs in the bundle, whose own path may be too long for a socket's.
  with.plan.argv =
      oci::run_argv(c.runtime, {c.name.id, job.log_file, c.bundle, job.pid_file, what.tty ? "console.sock" : "", ""});
  with.plan.env = runtime_environment();
  with.plan.cwd = c.bundle;
  with.plan.targets = {0, 1, 2};
  with.plan.new_mount_namespace = true;
  with.plan.hide_unified_cgroup = oci::refuses_hybrid_cgroups(c.runtime);
  with.plan.overlay = plan_overlay(what);
  with.plan.files = plan_files(what);
  with.plan.shm = plan_shm(what);
  with.plan.mapped = plan_mapped(what);
  return with;
}

void supervisor::start_ended(const container_ptr& c, const runtime_job& job, const job_end& how,
                             const responder& respond) {
  if (!how) return start_failed(c, how.error(), respond);
  if (how->code != 0) {
    auto log = sys::read_file(job.log_file);
    auto text = oci::error_text(log ? *log : "", c->init.io->take_printed());
    if (text.empty()) text = fmt::format("it ended with exit code {} and said nothing", how->code);
    return start_failed(c, error{errc::unavailable, c->runtime.path + ": " + text}, respond);
  }
  auto noted = note_process(c->init, job);
  if (noted) noted = c->init.io->started();
  if (!noted) return start_failed(c, noted.error(), respond);
  init_runs(c, job.mark, respond);
}

void supervisor::init_runs(const container_ptr& c, std::uint64_t mark, const responder& respond) {
  c->now = stage::running;
  c->end.started_at = wall_clock();
  c->end.pid = c->init.pid;
  c->end.pid_start_time = c->init.start_time;
  attach_waiting(c->name, "", c->init.io);
  respond(reply(started{c->init.pid, c->init.start_time, c->native ? native_runtime : c->runtime.path, c->fell_back}));
  watch_init(c, mark);
  go_on_deleting(c->name);
}

/// Learns the pid that the runtime wrote. A process that has ended already has neither handle nor start time.
result<void> supervisor::note_process(process& p, const runtime_job& job) {
  GANTRY_LET(auto text, sys::read_file(job.pid_file, 64));
  p.pid = std::atoi(text.c_str());
  if (p.pid <= 1) return fail(errc::unavailable, "the runtime wrote \"{}\" where a pid should be", text);
  if (auto start = sys::process_start_time(p.pid)) p.start_time = *start;
  if (auto handle = open_process(p.pid)) p.handle = std::move(*handle);
  return {};
}

/// Nothing half-made stays: the runtime's own state (left when it was killed), the bundle, the name.
void supervisor::start_failed(const container_ptr& c, error why, const responder& respond) {
  c->init.io->abandon();
  drop_all_waiting(c->name);
  auto argv = oci::delete_argv(c->runtime, {c->name.id, "/dev/null", "", "", "", ""}, oci::removal::force);
  run_verb(c->runtime, std::move(argv), [this, c, why = std::move(why), respond](const result<void>&) {
    with_.disk.run(
        [bundle = c->bundle] {
          remove_left_cgroups(bundle);
          (void)sys::remove_tree(bundle);
        },
        [this, c, why, respond] {
          containers_.erase(c->name);
          respond(tl::unexpected<error>(why));
          go_on_deleting(c->name);
        });
  });
}

} // namespace gantry::monitor
