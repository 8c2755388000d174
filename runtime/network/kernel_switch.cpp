#include "runtime/network/kernel_switch.hpp"

#include <fcntl.h>

#include <cerrno>

#include "runtime/sys/files.hpp"

namespace gantry::network {
namespace {

std::string path_of_switch(const std::string& name) { return "/proc/sys/net/" + name; }

} // namespace

bool is_on(const std::string& name) {
  const auto now = sys::read_file(path_of_switch(name), 64);
  return now && !now->starts_with('0');
}

result<void> turn(const std::string& name, bool on) {
  const auto path = path_of_switch(name);
  GANTRY_LET(const auto now, sys::read_file(path, 64));
  if (now.starts_with(on ? '1' : '0')) return {};
  return set(name, on ? "1" : "0");
}

result<void> set(const std::string& name, const std::string& value) {
  const auto path = path_of_switch(name);
  // procfs has no renames: written in place.
  const sys::unique_fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, "{}", path);
  auto written = sys::write_all(file.get(), value + "\n");
  if (written) return {};
  if (written.error().os_errno == EINVAL) written.error().code = errc::invalid_argument;
  return within(std::move(written.error()), "{}", path);
}

} // namespace gantry::network
