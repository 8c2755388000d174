#include "actors/engine_supervisor.hpp"

namespace gantry::engine_steps {
namespace {

constexpr std::chrono::seconds drain_deadline{4};

template<class Handle>
void end(const Handle& actor) {
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

/// Those that others wait for end last: the records are committed, then nobody is left who could ask.
void end_all(self_pointer self) {
  const auto& parts = *self->state.parts;
  for (const auto& [address, pair] : self->state.supervised) {
    end(pair.container);
    end(pair.sandbox);
  }
  end(self->state.crew.pods);
  end(self->state.crew.files);
  end(self->state.crew.writable_usage);
  end(self->state.crew.archives);
  end(parts.images);
  end(self->state.crew.transfer);
  for (const auto& extractor : self->state.crew.extractors) end(extractor);
  end(parts.network);
  end(self->state.crew.names);
  end(self->state.crew.links);
  end(parts.pod_network);
  end(parts.cgroups);
  end(parts.volumes);
  end(parts.snapshot);
  end(self->state.crew.reaper);
  end(parts.admission);
  end(parts.catalog);
  end(parts.events);
  for (const auto& launcher : parts.launchers) end(launcher);
  end(parts.metadata);
}

/// Monitors without containers end too; the others go on without us.
void shut_monitors_down(self_pointer self, std::function<void()> then) {
  const auto& launchers = self->state.parts->launchers;
  auto open = std::make_shared<std::size_t>(launchers.size());
  for (const auto& launcher : launchers)
    ask<done>(self, launcher, deadline::inner, monitor::shut_down{}, [open, then](const auto&) {
      if (--*open == 0) then();
    });
}

/// Attachments under way come to their end: what they made is recorded or undone.
void drain(self_pointer self, std::function<void()> then) {
  const auto& parts = *self->state.parts;
  auto open = std::make_shared<int>(2);
  auto one_done = [open, then](const auto&) {
    if (--*open == 0) then();
  };
  ask<done>(self, parts.network, drain_deadline, drain_network{}, one_done);
  ask<done>(self, parts.pod_network, drain_deadline, drain_network{}, one_done);
}

/// What is in metadata's mailbox now is committed before the answer to this.
void flush(self_pointer self, std::function<void()> then) {
  ask<done>(self, self->state.parts->metadata, deadline::inner, record_changes{{}, true},
            [then](const auto&) { then(); });
}

} // namespace

caf::result<done> stop(self_pointer self) {
  auto& state = self->state;
  auto promise = self->make_response_promise<done>();
  state.stopping = true;
  drain(self, [self, promise] {
    flush(self, [self, promise] {
      shut_monitors_down(self, [self, promise]() mutable {
        end_all(self);
        promise.deliver(done{});
        self->quit();
      });
    });
  });
  return promise;
}

} // namespace gantry::engine_steps
