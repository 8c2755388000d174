#pragma once

#include <functional>
#include <string>

#include "messages/engine.hpp"

namespace gantry::test {

/// An engine of which every part answers from memory: one container "web" (id of 64 "c"), one image "alpine:3", one
/// volume. Records nothing, starts nothing.
class fake_engine {
public:
  /// `pods`, if given, makes the actor that answers for pods.
  explicit fake_engine(const std::function<pods_actor(caf::actor_system&)>& pods = nullptr);
  ~fake_engine();
  fake_engine(const fake_engine&) = delete;
  fake_engine& operator=(const fake_engine&) = delete;

  caf::actor_system& system() { return *system_; }
  engine_actor handle() const { return engine_; }
  const std::string& id() const { return id_; }
  pod_boards& boards() { return *boards_; } ///< nothing is shown but by the test

  /// The container's init ends: waits are answered.
  void exit_container(int code);
  void publish(event e);
  /// Where attach and exec find their bytes.
  void set_stream(stream_ticket ticket);

private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::string id_ = std::string(64, 'c');
  container_supervisor_actor container_;
  sandbox_supervisor_actor sandbox_;
  std::shared_ptr<pod_boards> boards_ = std::make_shared<pod_boards>();
  engine_actors parts_;
  engine_actor engine_;
  std::shared_ptr<stream_ticket> ticket_;
};

} // namespace gantry::test
