#pragma once

#include "actors/container_supervisor.hpp"
#include "tests/actors/cast.hpp"

namespace gantry::test {

/// One container supervisor among fakes, its sandbox one of them; its container is created unless told otherwise.
struct container_stage : cast {
  using preparation = std::function<void(cast&, container_options&)>;

  key name = container_key();
  sandbox_supervisor_actor sandbox = on.spawn(fake_sandbox, &play);
  container_supervisor_actor container;

  explicit container_stage(bool made = true, const preparation& prepare = {}) {
    container = on.spawn(container_supervisor, std::shared_ptr<const engine_parts>(parts), sandbox);
    if (!made) return;
    create_container request{name, "web", {}, "client"};
    request.options.image = "alpine";
    if (prepare) prepare(*this, request.options);
    (void)on.ask<created>(container, request).value();
  }

  answer<done> launch() { return on.ask<done>(container, launch_container{{}, "client"}); }
  answer<done> stop(std::optional<int> timeout = {}) { return on.ask<done>(container, stop_container{timeout, ""}); }
  answer<done> remove(bool force = false) { return on.ask<done>(container, remove_container{force, false}); }
  /// Its init ends.
  void exit(int code) { on.say(container, container_process_exited{"", code, false, false, 99}); }
};

} // namespace gantry::test
