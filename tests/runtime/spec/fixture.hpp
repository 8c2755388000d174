#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "runtime/spec/spec.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::test {

using json = nlohmann::ordered_json;

/// A folder that is gone at the end.
struct temp_folder {
  std::string path;
  temp_folder() {
    std::string name = "/tmp/gantry-test-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path = name;
  }
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;
  ~temp_folder() {
    if (!path.empty()) (void)sys::remove_tree(path);
  }
};

inline void put(const std::string& path, std::string_view content) {
  (void)sys::make_directories(path.substr(0, path.rfind('/')), 0755);
  (void)sys::write_file(path, content);
}

/// A host that has everything, so that documents do not depend on the machine that runs the tests.
inline spec::host_facts plain_host() {
  spec::host_facts facts;
  facts.cgroups.how = cgroup::mode::v2;
  facts.cgroups.unified = "/sys/fs/cgroup";
  facts.cgroups.controllers = {"cpu", "cpuset", "io", "memory", "pids"};
  facts.seccomp = true;
  facts.capabilities = (std::uint64_t{1} << 41) - 1;
  facts.sys_resource = true;
  for (const auto* name : {"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc",
                           "rss", "rtprio", "rttime", "sigpending", "stack", "as"})
    facts.limits[name] = {1024, 20'000};
  facts.kernel = {6, 1};
  facts.architecture = "amd64";
  facts.cpus = 4;
  return facts;
}

/// Everything that spec::build wants, to be changed by each test.
struct request {
  temp_folder root;
  container_options options;
  image_config image;
  spec::host_facts facts = plain_host();
  std::vector<resolved_mount> mounts;
  std::vector<ulimit> default_ulimits;
  cdi::container_edits edits;
  std::string network_path = "/run/netns/gantry-test", pid_path, ipc_path, init, hosts;
  bool host_network = false;
  spec::explanation notes = spec::explanation::none;

  request() {
    put(root.path + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:www:/srv/www:/bin/false\n"
                                   "1234:x:77:77:trap:/trap:/bin/sh\n");
    put(root.path + "/etc/group", "root:x:0:\nbin:x:1:root,daemon\nwww:x:34:\nstaff:x:50:www\n");
    image.cmd = {"/bin/sh"};
  }
  [[nodiscard]] spec::spec_input input() const {
    spec::spec_input in{options, image, facts};
    in.id = std::string(64, 'a');
    in.ns = "docker";
    in.root_layers = {root.path};
    in.hostname = "aaaaaaaaaaaa";
    in.mounts = mounts;
    in.mapped_folder = "/run/bundle/mapped";
    in.hosts_file = hosts;
    in.host_network = host_network;
    in.network_namespace_path = network_path;
    in.pid_namespace_path = pid_path;
    in.ipc_namespace_path = ipc_path;
    in.cgroup_path = "/gantry/test";
    in.init_binary = init;
    in.default_ulimits = default_ulimits;
    in.edits = edits;
    in.notes = notes;
    return in;
  }
  [[nodiscard]] result<spec::built_spec> build() const { return spec::build(input()); }
  /// The document; a test that expects one fails by its error text.
  [[nodiscard]] json document() const {
    auto built = build();
    if (!built) return {{"error", built.error().message}};
    return json::parse(built->config_json());
  }
  [[nodiscard]] std::string refusal() const {
    auto built = build();
    return built ? "built" : built.error().message;
  }
};

inline bool has(const json& list, const json& what) { return std::find(list.begin(), list.end(), what) != list.end(); }
/// The mount of that destination; null if there is none.
inline json mount_at(const json& document, const std::string& target) {
  for (const auto& one : document["mounts"])
    if (one["destination"] == target) return one;
  return nullptr;
}

/// What breaks the runtime-spec's rules in a document (config.md, config-linux.md); empty when nothing does.
std::string violations(const json& document);

} // namespace gantry::test
