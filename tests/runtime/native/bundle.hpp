#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "runtime/native/launch.hpp"
#include "runtime/spec/host_facts.hpp"
#include "tests/runtime/sys/scratch.hpp"

namespace gantry::test {

/// What a program said and how it ended (128 + signal when killed).
struct outcome {
  int code = -1;
  std::string text; ///< stdout and stderr
};
/// Runs it with /dev/null as stdin, at most 60 s.
outcome run(const std::vector<std::string>& argv);

/// A bundle with a small static root (busybox) and the config.json that the engine makes for it. Containers that are
/// made of it by gantry-oci or runc, and their cgroups, are gone at the end of the test case.
class bundle {
public:
  explicit bundle(std::vector<std::string> args = {"true"});
  ~bundle();
  bundle(const bundle&) = delete;
  bundle& operator=(const bundle&) = delete;

  nlohmann::json config; ///< changed by tests before `write`
  void write() const;
  void set_script(const std::string& script) { config["process"]["args"] = {"sh", "-c", script}; }

  /// gantry-oci with its own --root.
  [[nodiscard]] outcome oci(std::vector<std::string> args) const;
  [[nodiscard]] outcome runc(std::vector<std::string> args) const;
  /// write, then run to the end in the foreground.
  [[nodiscard]] outcome run_native() const;
  [[nodiscard]] outcome run_runc() const;
  /// write, then run --detach; its output goes to /dev/null.
  [[nodiscard]] outcome start() const;

  [[nodiscard]] std::string path() const { return folder_ / "bundle"; }
  [[nodiscard]] std::string rootfs() const { return path() + "/rootfs"; }
  [[nodiscard]] const scratch& folder() const { return folder_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string cgroup() const { return "/gantry-test/" + id_; }
  /// No cgroup of it is left on the host.
  [[nodiscard]] bool cgroups_gone() const;

private:
  scratch folder_;
  std::string id_;
};

/// A plan of the bundle, ready for launch_init, by way of bytes, as a zygote gets it.
native::container_plan plan_of(const bundle& from);
native::launch_options options_of(const bundle& from, const native::cgroup_handles& cgroups);
/// A mount for config["mounts"].
nlohmann::json bind_of(const std::string& source, const std::string& target);

const spec::host_facts& facts();
bool has_runc();
bool is_root();

} // namespace gantry::test
