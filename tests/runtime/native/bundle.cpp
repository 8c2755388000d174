#include "tests/runtime/native/bundle.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "messages/domain/container.hpp"
#include "messages/domain/image.hpp"
#include "runtime/native/parse_plan.hpp"
#include "runtime/spec/spec.hpp"

namespace gantry::test {
namespace {

constexpr const char* applets[] = {"sh",    "ls",  "cat",  "true", "env",   "id",    "sleep", "tty",  "grep",
                                   "touch", "pwd", "echo", "head", "mknod", "mount", "sed",   "stat", "readlink"};

} // namespace

outcome run(const std::vector<std::string>& argv) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const sys::unique_fd reading(ends[0]);
  sys::unique_fd writing(ends[1]);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(writing.get(), 1);
    ::dup2(writing.get(), 2);
    if (null > 2) ::close(null);
    std::vector<char*> pointers;
    for (const auto& one : argv) pointers.push_back(const_cast<char*>(one.c_str()));
    pointers.push_back(nullptr);
    ::alarm(60);
    ::execvp(pointers[0], pointers.data());
    ::_exit(127);
  }
  writing.reset();
  outcome done;
  done.text = sys::read_all(reading.get(), 64 << 20, "output").value_or(std::string());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
  }
  done.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return done;
}

const spec::host_facts& facts() {
  static const auto read = spec::read_host_facts();
  REQUIRE(read.has_value());
  return *read;
}

native::container_plan plan_of(const bundle& from) {
  auto plan = native::parse_plan(from.config.dump());
  REQUIRE(plan);
  plan->root = from.rootfs();
  auto decoded = native::decode_container_plan(native::encode(*plan));
  REQUIRE(decoded);
  return std::move(*decoded);
}

native::launch_options options_of(const bundle& from, const native::cgroup_handles& cgroups) {
  native::launch_options options;
  options.id = from.id();
  options.bundle = from.path();
  options.cgroups = &cgroups;
  options.host = &facts().cgroups;
  options.cgroup_path = from.cgroup();
  return options;
}

nlohmann::json bind_of(const std::string& source, const std::string& target) {
  return {{"destination", target}, {"type", "bind"}, {"source", source}, {"options", {"rbind", "rw"}}};
}

bool has_runc() { return ::access("/usr/sbin/runc", X_OK) == 0 || ::access("/usr/bin/runc", X_OK) == 0; }

bool is_root() { return ::geteuid() == 0; }

bundle::bundle(std::vector<std::string> args) {
  static int count = 0;
  id_ = "native-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  folder_.make_directory("bundle/rootfs/bin");
  folder_.make_directory("bundle/rootfs/etc");
  REQUIRE(run({"cp", "/bin/busybox", rootfs() + "/bin/busybox"}).code == 0);
  for (const auto* name : applets) folder_.make_link("busybox", "bundle/rootfs/bin/" + std::string(name));
  folder_.make_file("bundle/rootfs/etc/passwd", "root:x:0:0::/root:/bin/sh\nsome:x:1000:1000::/home/some:/bin/sh\n");
  container_options options;
  options.cmd = std::move(args);
  image_config image;
  spec::spec_input input{options, image, facts()};
  input.id = id_;
  input.ns = "docker";
  input.root_layers = {rootfs()};
  input.hostname = "some-host";
  input.cgroup_path = cgroup();
  const auto built = spec::build(input);
  REQUIRE(built.has_value());
  config = nlohmann::json::parse(built->config_json());
}

bundle::~bundle() {
  (void)oci({"delete", "--force", id_});
  (void)runc({"delete", "--force", id_});
  for (const auto& folder : facts().cgroups.folders_of("/gantry-test")) ::rmdir(folder.c_str());
}

void bundle::write() const { folder_.make_file("bundle/config.json", config.dump()); }

outcome bundle::oci(std::vector<std::string> args) const {
  args.insert(args.begin(), {GANTRY_OCI, "--root", folder_ / "state"});
  return run(args);
}

outcome bundle::runc(std::vector<std::string> args) const {
  args.insert(args.begin(), {"runc", "--root", folder_ / "runc-state"});
  return run(args);
}

outcome bundle::run_native() const {
  write();
  return oci({"run", "--bundle", path(), id_});
}

outcome bundle::run_runc() const {
  write();
  return runc({"run", "--bundle", path(), id_});
}

outcome bundle::start() const {
  write();
  // Of a pipe for its output the container would keep the other end.
  return run({"sh", "-c",
              std::string(GANTRY_OCI) + " --root " + (folder_ / "state") + " run --detach --bundle " + path() + " " +
                  id_ + " >/dev/null 2>" + (folder_ / "said")});
}

bool bundle::cgroups_gone() const {
  for (const auto& folder : facts().cgroups.folders_of(cgroup()))
    if (::access(folder.c_str(), F_OK) == 0) return false;
  return true;
}

} // namespace gantry::test
