#include "runtime/native/main/program_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/native/hooks.hpp"
#include "runtime/native/main/container_record.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::oci_program {

/// True when it went to a file.
bool program_log::write(const char* level, const std::string& message) const {
  using native::json_string;
  const auto now = time_now();
  const auto time = now.substr(0, now.find('.')) + "Z";
  const auto line =
      json_ ? fmt::format("{{\"level\":\"{}\",\"msg\":{},\"time\":\"{}\"}}\n", level, json_string(message), time)
            : fmt::format("time=\"{}\" level={} msg={}\n", time, level, json_string(message));
  const sys::unique_fd file(path_.empty() ? -1
                                          : ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  (void)sys::write_all(file ? file.get() : 2, line);
  return static_cast<bool>(file);
}

void program_log::error(const std::string& message) const {
  if (write("error", message)) (void)sys::write_all(2, message + "\n");
}

void program_log::warn(const std::string& message) const { write("warning", message); }

} // namespace gantry::oci_program
