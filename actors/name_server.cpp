#include "actors/name_server.hpp"

#include <dirent.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include <spdlog/spdlog.h>

#include "runtime/sys/files.hpp"
#include "runtime/sys/thread_name.hpp"

namespace gantry {
namespace {

using self_pointer = name_server_actor::stateful_pointer<name_server_state>;
using outcome_callback = std::function<void(result<void>)>;

constexpr std::chrono::milliseconds reload_patience{5000}, end_patience{2000}, reload_step{1};
constexpr std::chrono::seconds look_every{5};

std::string file_of(const name_server_state& state, const std::string& network) {
  return state.where.folder + "/" + network;
}

/// Beside the folder: the program takes everything within it for a network.
result<void> write_names(const name_server_state& state, const publish_names& request) {
  GANTRY_TRY(sys::make_directories(state.where.folder, 0700));
  auto draft = state.where.folder + ".new";
  GANTRY_TRY(sys::write_file(draft, network::names_file(request.address, request.known), 0600));
  if (::rename(draft.c_str(), file_of(state, request.network).c_str()) != 0)
    return fail_errno(errno, "names of network {}", request.network);
  return {};
}

/// The program binds each network's address anew when it reads its files: then it is through.
bool wait_for_socket(const std::string& address, std::uint64_t before) {
  const auto patience_ends = std::chrono::steady_clock::now() + reload_patience;
  for (;;) {
    const auto now_is = network::names_socket(address);
    if (now_is != 0 && now_is != before) return true;
    if (std::chrono::steady_clock::now() > patience_ends) return false;
    std::this_thread::sleep_for(reload_step);
  }
}

result<void> through(const std::string& address, std::uint64_t before) {
  if (wait_for_socket(address, before)) return {};
  return fail(errc::unavailable,
              "the name server does not listen at {}, port 53 of UDP: another program of this host may have that port "
              "(`ss -ulpn`); have it listen at addresses of its own",
              address);
}

/// One reload at a time, each waited for: the program loses a signal that comes while it reads.
result<void> reload(const network::names_process& process, const std::string& address) {
  const auto before = network::names_socket(address);
  process.reload();
  return through(address, before);
}

result<void> started(const result<monitor::process_result>& r, const std::string& address) {
  if (!r) return tl::unexpected<error>(r.error());
  if (r->exit_code != 0)
    return fail(errc::unavailable, "aardvark-dns ended with {}: {}", r->exit_code, r->error_output);
  return through(address, 0);
}

void start_program(self_pointer self, const std::string& address, const outcome_callback& then) {
  auto& state = self->state;
  if (state.where.program.empty())
    return then(fail(errc::unavailable, "names on user-defined networks are answered by aardvark-dns, which is not "
                                        "installed (Debian: apt-get install aardvark-dns)"));
  state.starting = true;
  auto request = network::start_names_program(state.where);
  ask<monitor::process_result>(self, state.launcher, deadline::inner, std::move(request),
                               [self, address, then](const result<monitor::process_result>& r) {
                                 self->state.starting = false;
                                 then(started(r, address));
                                 for (auto& next : std::exchange(self->state.waiting, {})) next();
                               });
}

/// Has the program know what the files say. `address`: of a network that has one.
void tell_program(self_pointer self, const std::string& address, const outcome_callback& then) {
  auto& state = self->state;
  if (state.starting) return state.waiting.push_back([self, address, then] { tell_program(self, address, then); });
  if (auto process = network::names_process::find(state.where))
    then(reload(*process, address));
  else
    start_program(self, address, then);
}

void look_after(self_pointer self) {
  if (!self->state.addresses.empty() && !std::exchange(self->state.looking, true))
    self->delayed_send(self, look_every, look_after_names{});
}

void look(self_pointer self) {
  auto& state = self->state;
  state.looking = false;
  look_after(self);
  if (state.addresses.empty() || state.starting || network::names_process::find(state.where)) return;
  spdlog::error(
      "aardvark-dns has ended by itself: names on user-defined networks were not answered; it is started anew");
  start_program(self, state.addresses.begin()->second, [](const result<void>& r) {
    if (!r) spdlog::error("{}", r.error().message);
  });
}

/// Nobody has names on this network any more. Without any network the program ends by itself, once it is told.
void withdraw(self_pointer self, const std::string& network) {
  auto& state = self->state;
  state.addresses.erase(network);
  if (::unlink(file_of(state, network).c_str()) != 0) return;
  if (!state.addresses.empty())
    return tell_program(self, state.addresses.begin()->second, [](const result<void>& r) {
      if (!r) spdlog::error("{}", r.error().message);
    });
  auto process = network::names_process::find(state.where);
  if (!process) return;
  process->reload();
  process->wait_end(end_patience);
}

caf::result<done> publish(self_pointer self, const publish_names& request) {
  auto& state = self->state;
  if (request.known.empty()) {
    withdraw(self, request.network);
    return done{};
  }
  if (auto written = write_names(state, request); !written) return to_caf(written.error());
  state.addresses[request.network] = request.address;
  look_after(self);
  auto promise = self->make_response_promise<done>();
  tell_program(self, request.address, [promise](const result<void>& r) mutable {
    if (r)
      promise.deliver(done{});
    else
      refuse(promise, r.error());
  });
  return promise;
}

/// What an earlier engine published and this one did not, has gone.
void forget_others(self_pointer self) {
  auto& state = self->state;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(state.where.folder.c_str()), &::closedir);
  std::vector<std::string> others;
  while (const auto* entry = dir ? ::readdir(dir.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && name != "aardvark.pid" && !state.addresses.contains(name))
      others.push_back(name);
  }
  for (const auto& network : others) withdraw(self, network);
}

} // namespace

name_server_actor::behavior_type name_server(self_pointer self, network::names_place where, launcher_actor launcher) {
  sys::name_thread("names");
  self->state.where = std::move(where);
  self->state.launcher = std::move(launcher);
  return {
      [self](const publish_names& request) { return publish(self, request); },
      [self](const names_recovered&) { forget_others(self); },
      [self](const look_after_names&) { look(self); },
  };
}

} // namespace gantry
