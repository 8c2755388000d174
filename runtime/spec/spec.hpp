#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/cdi.hpp"
#include "messages/domain/container.hpp"
#include "messages/domain/image.hpp"
#include "runtime/spec/host_facts.hpp"
#include "runtime/spec/merged_view.hpp"
#include "runtime/spec/signal.hpp"

/// The OCI runtime-spec document of a container: what the user asked, over what the image says, over the engine's
/// defaults, with facts of the host (runtime-spec 1.0.2: config.md, config-linux.md).
namespace gantry::spec {

/// Where the value of one field came from, for `gantry spec --explain`.
struct origin_note {
  std::string json_pointer; ///< RFC 6901, "/process/args"
  std::string origin;       ///< "user", "image", "engine" or "host"
  std::string why;          ///< a sentence
};

enum class explanation : std::uint8_t { none, full };

/// Everything a document is made of. References must outlive the call of `build`.
struct spec_input {
  const container_options& options;
  const image_config& image;
  const host_facts& facts;
  std::string id{}, ns{};
  std::vector<std::string> root_layers{}; ///< layer folders, TOPMOST FIRST, the upper included when there is one
  std::string hostname{};                 ///< as resolved by the caller: the user's, or the id's first 12 characters
  std::vector<resolved_mount> mounts{};   ///< host paths known; targets as the user wrote them
  std::string hosts_file{}, hostname_file{},
      resolv_conf_file{};               ///< host paths, bind-mounted over /etc; empty: not mounted
  bool host_network = false;            ///< share the host's network; then the path below is not looked at
  std::string network_namespace_path{}; ///< empty (and not host_network): a new one, with loopback alone
  std::string ipc_namespace_path{}, pid_namespace_path{}, uts_namespace_path{}; ///< for container:X; empty otherwise
  std::string user_namespace_path{}; ///< of a pod whose users are its own (options.in_pod.uid_map); empty: a new one
  std::string mapped_folder{};       ///< where those of `mounts` that are mounted before lie, as "0", "1", …
  std::string shm_source{};          ///< ipc container:X: X's /dev/shm as a host path; empty: a tmpfs of its own
  std::string cgroup_path{};         ///< linux.cgroupsPath, "/gantry/<id>"
  std::string init_binary{};         ///< host path of tini, for --init
  std::vector<ulimit> default_ulimits{}; ///< the engine's, below the user's
  cdi::container_edits edits{};          ///< of options.cdi_devices; over all else
  explanation notes = explanation::none;
};

/// A finished document, in parts that are each written once, and what others need to know of it.
struct built_spec {
  std::string process_json; ///< its `process` member, from which exec_process_json derives
  std::string other_json;   ///< an object of its other members, but for linux.seccomp; `linux` is the last
  /// linux.seccomp: the larger part of a document, and one text for all containers with the same filter. Empty: none.
  std::shared_ptr<const std::string> seccomp_json;
  std::vector<std::string> args, env;
  std::string user, working_dir; ///< as asked: "", "1000:1000", "www-data"; working_dir absolute
  process_ids ids;
  std::vector<std::string> warnings; ///< sentences: a limit clamped to the host's, a cgroup feature the host lacks
  std::vector<origin_note> notes;    ///< only when asked for
  int stop_signal = 15;

  [[nodiscard]] std::string config_json() const; ///< the whole document
};

/// Builds the document. Reads /etc/passwd and /etc/group from the layers, and stats devices on the host; else pure.
/// Thread-safe. About 100 microseconds. Errors: invalid_argument naming the option and what to write instead;
/// not_found for a device or a user; denied for what the host cannot give.
result<built_spec> build(const spec_input& input);

/// linux.resources of these limits, devices left out: what an update of a container that runs writes. Errors and
/// `warnings` as of build.
result<std::string> limits_json(const resource_limits& want, const host_facts& facts,
                                std::vector<std::string>& warnings);

/// One process to run in a container that lives.
struct exec_options {
  std::vector<std::string> args, env; ///< env: as in container_options, over the container's own
  std::string user, working_dir;      ///< empty: the container's
  bool tty = false, privileged = false;
  console_size console{}; ///< of a terminal; none: as the container's own
};

/// The runtime-spec `process` of an exec, from the container's (`built_spec::process_json`, or process_of).
/// `container_user` is built_spec::user; `root` the container's, by which users are looked up. Errors: as build.
result<std::string> exec_process_json(std::string_view process_json, const exec_options& options,
                                      std::string_view container_user, const merged_view& root,
                                      const host_facts& facts);

/// The `process` member of a config.json, as text. Errors: corrupt.
result<std::string> process_of(std::string_view config_json);

} // namespace gantry::spec
