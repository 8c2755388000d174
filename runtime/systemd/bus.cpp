#include "runtime/systemd/bus.hpp"

#include <dlfcn.h>

#include <cerrno>
#include <chrono>
#include <memory>

#include "runtime/systemd/units.hpp"

namespace gantry::systemd {
namespace {

constexpr auto address = "unix:path=/run/systemd/private";
constexpr auto service = "org.freedesktop.systemd1";
constexpr auto manager_object = "/org/freedesktop/systemd1";
constexpr auto manager_interface = "org.freedesktop.systemd1.Manager";
constexpr std::uint64_t second = 1'000'000; // in microseconds, as the library counts

template<class Function>
bool find(void* in, const char* name, Function& to) {
  to = reinterpret_cast<Function>(::dlsym(in, name));
  return to != nullptr;
}

result<library> load() {
  void* opened = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL); // and stays as long as the process
  if (opened == nullptr)
    return fail(errc::unavailable, "systemd's library cannot be loaded ({}): install libsystemd0", ::dlerror());
  library got{};
  const bool whole = find(opened, "sd_bus_new", got.bus_new) && find(opened, "sd_bus_set_address", got.set_address) &&
                     find(opened, "sd_bus_start", got.start) && find(opened, "sd_bus_flush_close_unref", got.close) &&
                     find(opened, "sd_bus_message_new_method_call", got.new_call) &&
                     find(opened, "sd_bus_message_append", got.append) &&
                     find(opened, "sd_bus_message_append_array", got.append_array) &&
                     find(opened, "sd_bus_message_open_container", got.open_container) &&
                     find(opened, "sd_bus_message_close_container", got.close_container) &&
                     find(opened, "sd_bus_message_read", got.read) &&
                     find(opened, "sd_bus_message_is_signal", got.is_signal) &&
                     find(opened, "sd_bus_message_unref", got.unref) && find(opened, "sd_bus_call", got.call) &&
                     find(opened, "sd_bus_process", got.process) && find(opened, "sd_bus_wait", got.wait) &&
                     find(opened, "sd_bus_error_free", got.error_free);
  if (!whole) return fail(errc::unavailable, "systemd's library is too old: {}", ::dlerror());
  return got;
}

struct message_end {
  const library* lib;
  void operator()(sd_bus_message* one) const { lib->unref(one); }
};
using message = std::unique_ptr<sd_bus_message, message_end>;

errc code_of(std::string_view name) {
  if (name == "org.freedesktop.systemd1.UnitExists") return errc::already_exists;
  if (name == "org.freedesktop.systemd1.NoSuchUnit") return errc::not_found;
  if (name == "org.freedesktop.DBus.Error.AccessDenied") return errc::denied;
  if (name == "org.freedesktop.DBus.Error.NoReply" || name == "org.freedesktop.DBus.Error.Timeout")
    return errc::timeout;
  return errc::failed_precondition;
}

} // namespace

result<const library*> load_library() {
  static const auto loaded = load();
  if (!loaded) return tl::unexpected<error>(loaded.error());
  return &*loaded;
}

result<bus> bus::connect() {
  GANTRY_LET(const auto* lib, load_library());
  sd_bus* made = nullptr;
  if (const int how = lib->bus_new(&made); how < 0) return fail_errno(-how, "connect to systemd");
  bus opened(*lib, made);
  int how = lib->set_address(made, address);
  if (how >= 0) how = lib->start(made);
  if (how < 0) return fail_errno(-how, "connect to systemd at /run/systemd/private");
  return opened;
}

bus::~bus() {
  if (connection_ != nullptr) lib_->close(connection_);
}

result<std::string> bus::ask(const char* method, const writer& arguments, const char* answer) {
  sd_bus_message* begun = nullptr;
  int how = lib_->new_call(connection_, &begun, service, manager_object, manager_interface, method);
  const message request(begun, {lib_});
  if (how >= 0) how = arguments(*lib_, begun);
  if (how < 0) return fail_errno(-how, "systemd: {}", method);
  sd_bus_error refusal = SD_BUS_ERROR_NULL;
  sd_bus_message* got = nullptr;
  how = lib_->call(connection_, begun, patience_seconds * second, &refusal, &got);
  const message reply(got, {lib_});
  if (how < 0) {
    const std::string name = refusal.name == nullptr ? "" : refusal.name;
    const std::string text = refusal.message == nullptr ? name : refusal.message;
    lib_->error_free(&refusal);
    return fail(code_of(name), "systemd refuses {}: {}", method, text);
  }
  const char* text = "";
  if (*answer != '\0') how = lib_->read(got, answer, &text);
  if (how < 0) return fail_errno(-how, "systemd: the answer to {}", method);
  return std::string(text);
}

/// The signal may have come before the answer that named the job: then the library kept it.
result<void> bus::wait_for(const std::string& job) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(patience_seconds);
  while (std::chrono::steady_clock::now() < deadline) {
    sd_bus_message* got = nullptr;
    const int how = lib_->process(connection_, &got);
    const message one(got, {lib_});
    if (how < 0) return fail_errno(-how, "systemd: wait for {}", job);
    if (how == 0 && lib_->wait(connection_, second) < 0)
      return fail(errc::unavailable, "systemd: the connection ended");
    if (got == nullptr || lib_->is_signal(got, manager_interface, "JobRemoved") <= 0) continue;
    std::uint32_t number = 0;
    const char *path = "", *unit = "", *outcome = "";
    if (lib_->read(got, "uoss", &number, &path, &unit, &outcome) < 0 || path != job) continue;
    if (std::string_view(outcome) == "done") return {};
    return fail(errc::failed_precondition, "systemd: the job of {} ended as \"{}\"", unit, outcome);
  }
  return fail(errc::timeout, "systemd did not carry out {} within {} s", job, patience_seconds);
}

result<void> bus::call(const char* method, const writer& arguments) {
  GANTRY_TRY(ask(method, arguments, ""));
  return {};
}

result<void> bus::run_job(const char* method, const writer& arguments) {
  GANTRY_LET(const auto job, ask(method, arguments, "o"));
  return wait_for(job);
}

} // namespace gantry::systemd
