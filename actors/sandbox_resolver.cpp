#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <spdlog/spdlog.h>

#include "actors/container_document.hpp"
#include "actors/sandbox_supervisor.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/rooted_dir.hpp"

namespace gantry::sandbox {
namespace {

constexpr auto resolver_file = "etc/resolv.conf";
constexpr std::size_t max_resolver_file = 64 << 10;

struct replacement {
  std::string root; ///< of the container's init: its own mounts
  std::string before, after;
};

/// Written in place, as it is a mount of its own. What the container, or its user, has made of it stays: only the
/// engine's own content is replaced. The name is resolved as the container would, and nothing but a file is opened.
result<void> replace(const replacement& what) {
  GANTRY_LET(auto root, sys::rooted_dir::open(what.root));
  GANTRY_LET(auto now_is, root.read_file(resolver_file, max_resolver_file));
  if (now_is != what.before) return {};
  GANTRY_LET(auto file, root.open_at(resolver_file, O_WRONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat kind {};
  if (::fstat(file.get(), &kind) != 0 || !S_ISREG(kind.st_mode)) return {};
  if (::ftruncate(file.get(), 0) != 0) return fail_errno(errno, "{}", resolver_file);
  return sys::write_all(file.get(), what.after);
}

std::string resolver_of(const container::container_files& files) {
  for (const auto& [name, content] : files)
    if (name == "resolv.conf") return content;
  return {};
}

void follow(self_pointer self, const container_record& record, const std::vector<network_endpoint>& before) {
  const auto& config = *self->state.parts->config;
  auto namespaces = self->state.namespaces;
  auto now_is = container::network_files(config, record, namespaces);
  namespaces.endpoints = before;
  auto was = container::network_files(config, record, namespaces);
  if (!was || !now_is) return; // it runs: both could be made when it started
  replacement what{fmt::format("/proc/{}/root", record.state.pid), resolver_of(*was), resolver_of(*now_is)};
  if (what.before == what.after) return;
  // On a thread that nothing waits for: what a container has mounted over its folders may make it wait.
  self->home_system().spawn<caf::detached>([what, name = record.name] {
    if (auto done = replace(what); !done) spdlog::warn("sandbox {}: {}", to_string(name), done.error().message);
  });
}

} // namespace

void update_resolver(self_pointer self, const std::vector<network_endpoint>& before) {
  const auto& name = self->state.record.name;
  ask<found_container>(self, self->state.parts->catalog, deadline::inner, find_container{name.ns, name.id},
                       [self, before](const result<found_container>& r) {
                         if (r && r->view && r->view->state.pid != 0) follow(self, *r->view, before);
                       });
}

} // namespace gantry::sandbox
