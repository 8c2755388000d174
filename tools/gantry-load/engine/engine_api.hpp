#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/gantry-load/http/client.hpp"

namespace gantry::load {

/// What an engine says of itself.
struct engine_identity {
  std::string name, version, api_version;
};

/// The calls of the Docker Engine API that a load is made of. Each fails as http_client::call does, and with cause
/// status when the engine's answer is no success; the failure names its step.
class engine_api {
public:
  engine_api(event_loop& loop, const std::string& socket, std::chrono::milliseconds timeout)
      : http_(loop, socket), timeout_(timeout) {}

  /// Asks who answers; later calls name the engine's own API version (podman's unversioned paths are another API).
  task<outcome<engine_identity>> identify();

  /// The new container's id.
  task<outcome<std::string>> create(const std::string& body);
  task<outcome<void>> start(const std::string& id);
  /// The exit status. `in_force` is called when the engine has taken the wait up (its answer's head): an exit after
  /// that is not missed, however fast.
  task<outcome<int>> wait(const std::string& id, const std::string& condition, std::function<void()> in_force,
                          call_handle* handle);
  task<outcome<void>> kill(const std::string& id);
  enum class removal { stopped, forced };
  /// One that is not there any more is removed.
  task<outcome<void>> remove(const std::string& id, removal how);
  /// Ids of the containers, in whatever state, with label `label`=`value`.
  task<outcome<std::vector<std::string>>> labelled(const std::string& label, const std::string& value);

  task<outcome<std::string>> exec_create(const std::string& id, const std::string& body);
  /// Until the exec's output ends; `started` is called at the answer's head. The output is dropped.
  task<outcome<void>> exec_run(const std::string& exec, std::function<void()> started);
  /// Nothing while it runs.
  task<outcome<std::optional<int>>> exec_status(const std::string& exec);

  void cancel_all() const { http_.cancel_all(); }
  [[nodiscard]] std::size_t connections_made() const { return http_.connections_made(); }

private:
  task<outcome<response>> ask(const char* step, request what, call_options how);
  task<outcome<response>> ask(const char* step, request what);
  [[nodiscard]] std::string path(const std::string& tail) const { return prefix_ + tail; }

  http_client http_;
  std::chrono::milliseconds timeout_;
  std::string prefix_;
};

} // namespace gantry::load
