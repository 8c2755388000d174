#include "runtime/monitor/network_namespaces.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/monitor/passage.hpp"
#include "runtime/sys/descriptor_passing.hpp"

namespace gantry::monitor {
namespace {

child_plan namespace_plan() {
  child_plan plan;
  plan.new_network_namespace = true;
  return plan;
}

} // namespace

std::string path_of(const sys::unique_fd& network) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(network.get());
}

void network_namespaces::make(const key& sandbox, responder respond) {
  if (auto found = held_.find(sandbox); found != held_.end())
    return respond(reply(namespace_path{path_of(found->second)}));
  auto ours = std::make_shared<passage>();
  job what;
  what.prepare = [ours] { return open_passage(namespace_plan(), *ours); };
  what.timeout = std::chrono::seconds(30);
  what.done = [this, sandbox, ours, respond = std::move(respond)](job_end how) {
    made(sandbox, ours->socket.get(), std::move(how), ours->printed ? read_scratch(ours->printed.get()) : "", respond);
  };
  queue_.add(std::move(what));
}

std::vector<key> network_namespaces::holders() const {
  std::vector<key> all;
  all.reserve(held_.size());
  for (const auto& [sandbox, fd] : held_) all.push_back(sandbox);
  return all;
}

void network_namespaces::made(const key& sandbox, int socket, job_end how, const std::string& printed,
                              const responder& respond) {
  if (!how) return respond(within(how.error(), "make a network namespace"));
  if (how->code != 0) return respond(fail(errc::unavailable, "make a network namespace: {}", printed));
  auto passed = sys::receive_with_descriptors(socket, 16, MSG_DONTWAIT);
  if (!passed || passed->descriptors.empty())
    return respond(fail(errc::internal, "make a network namespace: its descriptor did not come"));
  // A second request for the same sandbox may have been quicker: its namespace is the one.
  auto [at, fresh] = held_.try_emplace(sandbox, std::move(passed->descriptors.front()));
  respond(reply(namespace_path{path_of(at->second)}));
}

} // namespace gantry::monitor
