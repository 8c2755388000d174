#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <string>
#include <utility>

#include "messages/domain/error.hpp"

namespace gantry::systemd {

/// libsystemd's functions, loaded when they are first needed. Linked, it would bring six libraries into every monitor
/// and every copy that its zygote makes of itself, on all the hosts that have no use for them.
struct library {
  decltype(&::sd_bus_new) bus_new;
  decltype(&::sd_bus_set_address) set_address;
  decltype(&::sd_bus_start) start;
  decltype(&::sd_bus_flush_close_unref) close;
  decltype(&::sd_bus_message_new_method_call) new_call;
  decltype(&::sd_bus_message_append) append;
  decltype(&::sd_bus_message_append_array) append_array;
  decltype(&::sd_bus_message_open_container) open_container;
  decltype(&::sd_bus_message_close_container) close_container;
  decltype(&::sd_bus_message_read) read;
  decltype(&::sd_bus_message_is_signal) is_signal;
  decltype(&::sd_bus_message_unref) unref;
  decltype(&::sd_bus_call) call;
  decltype(&::sd_bus_process) process;
  decltype(&::sd_bus_wait) wait;
  decltype(&::sd_bus_error_free) error_free;
};

/// Any thread; loaded once. Errors: unavailable.
result<const library*> load_library();

/// A connection to systemd's manager. One thread at a time.
class bus {
public:
  static result<bus> connect();
  bus(bus&& other) noexcept : lib_(other.lib_), connection_(std::exchange(other.connection_, nullptr)) {}
  bus& operator=(bus&&) = delete;
  ~bus();

  /// Adds a call's arguments. Negative errno: it could not.
  using writer = std::function<int(const library&, sd_bus_message*)>;

  /// Calls a method of org.freedesktop.systemd1.Manager. Errors: already_exists (UnitExists), not_found (NoSuchUnit),
  /// denied, timeout; failed_precondition with systemd's sentence.
  result<void> call(const char* method, const writer& arguments);

  /// Calls one that answers with a job, and waits until that is done.
  result<void> run_job(const char* method, const writer& arguments);

private:
  bus(const library& lib, sd_bus* connection) : lib_(&lib), connection_(connection) {}
  result<std::string> ask(const char* method, const writer& arguments, const char* answer);
  result<void> wait_for(const std::string& job);

  const library* lib_;
  sd_bus* connection_;
};

} // namespace gantry::systemd
