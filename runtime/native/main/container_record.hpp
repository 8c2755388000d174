#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/hooks.hpp"
#include "runtime/sys/unique_fd.hpp"

/// What gantry-oci keeps of a container between its invocations: <root>/<id>/state.json, config.json as it was at
/// creation, and while it is only created, exec.fifo, the gate before its program.
namespace gantry::oci_program {

struct container_record {
  std::string id, bundle, rootfs, cgroup_path, created;
  pid_t pid = 0;
  std::uint64_t start_time = 0; ///< of `pid`, so that another process of the same number is not taken for it
};

/// Its state: OCI's words.
enum class status : std::uint8_t { created, running, paused, stopped };
std::string_view to_string(status s);

class record_folder {
public:
  explicit record_folder(std::string root) : root_(std::move(root)) {}

  /// Letters, digits and "_+-." alone, as with runc.
  [[nodiscard]] static result<void> check_id(const std::string& id);
  /// Makes the container's folder. Errors: already_exists.
  [[nodiscard]] result<void> reserve(const std::string& id) const;
  [[nodiscard]] result<void> save(const container_record& record) const;
  /// Errors: not_found, "container does not exist".
  [[nodiscard]] result<container_record> load(const std::string& id) const;
  [[nodiscard]] result<void> remove(const std::string& id) const;
  [[nodiscard]] std::vector<std::string> ids() const;
  [[nodiscard]] std::string file(const std::string& id, const char* name) const {
    return root_ + "/" + id + "/" + name;
  }
  [[nodiscard]] status status_of(const container_record& record) const;

private:
  std::string root_;
};

/// A handle of the container's init, checked to be it. Empty when it is gone.
sys::unique_fd open_init(const container_record& record);

/// The present in RFC 3339, nanoseconds, UTC.
std::string time_now();

} // namespace gantry::oci_program
