#include "actors/container_supervisor.hpp"

// Events of volumes, as docker tells them: while a container has them mounted.
namespace gantry::container {
namespace {

void emit_volume(self_pointer self, const char* action, const resolved_mount& mount,
                 std::map<std::string, std::string> about) {
  const auto& record = self->state.record;
  about["driver"] = "local";
  about["container"] = record.name.id;
  event what{record.name.ns, event::subject::volume, action, mount.name, std::move(about), now()};
  tell(self->state.parts->events, std::move(what));
}

} // namespace

void tell_mounted(self_pointer self) {
  self->state.mounts_told = true;
  for (const auto& mount : self->state.record.mounts)
    if (mount.type == "volume")
      emit_volume(self, "mount", mount,
                  {{"destination", mount.target},
                   {"read/write", mount.read_only ? "false" : "true"},
                   {"propagation", mount.propagation}});
}

void tell_unmounted(self_pointer self) {
  if (!std::exchange(self->state.mounts_told, false)) return;
  for (const auto& mount : self->state.record.mounts)
    if (mount.type == "volume") emit_volume(self, "unmount", mount, {});
}

} // namespace gantry::container
