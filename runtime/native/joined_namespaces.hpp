#pragma once

#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"
#include "runtime/sys/unique_fd.hpp"

/// The namespaces that a container is born into or joins, rather than gets new (runtime-spec config-linux.md,
/// "Namespaces"; setns(2)). One thread.
namespace gantry::native {

struct opened_namespace {
  std::uint32_t flag = 0; ///< CLONE_NEW*
  std::string path;
  sys::unique_fd handle;
};

/// Opens all that the plan joins: their names change their meaning with the first mount namespace that is joined.
result<std::vector<opened_namespace>> open_namespaces(const container_plan& plan);

/// Joins them, the user namespace last: before it the process has the host's rights to the others.
result<void> join_namespaces(const std::vector<opened_namespace>& all);

/// The user namespace among them, or -1.
int joined_users(const std::vector<opened_namespace>& all);

/// What a process's children are born into while this object has not left: a PID namespace that exists, a new time
/// namespace. Only of children is either ever changed (pid_namespaces(7), time_namespaces(7)).
class birthplace {
public:
  /// Errors: the errno's of setns(2) and unshare(2).
  static result<birthplace> of(const container_plan& plan, const std::vector<opened_namespace>& joined);
  birthplace(birthplace&&) = default;
  birthplace& operator=(birthplace&&) = default;
  ~birthplace() { leave(); }
  void leave();

private:
  birthplace() = default;
  sys::unique_fd own_pid_, own_time_;
};

} // namespace gantry::native
