#include <algorithm>

#include "runtime/monitor/supervisor.hpp"

namespace gantry::monitor {

void supervisor::on(open_stream what, const responder& respond) {
  if (auto good = check_key(what.container); !good) return respond(tl::unexpected<error>(good.error()));
  auto token = streams_->issue(std::move(what));
  if (!token) return respond(tl::unexpected<error>(token.error()));
  respond(reply(std::move(*token)));
}

void supervisor::attach(std::shared_ptr<stream_session> client, std::string left) {
  const auto name = client->wants().container;
  const auto exec_id = client->wants().exec_id;
  auto c = find(name);
  auto* session = client.get();
  auto place = std::pair(name, exec_id);
  auto closed = [this, place, session] {
    auto found = waiting_.find(place);
    if (found == waiting_.end()) return;
    auto at =
        std::find_if(found->second.begin(), found->second.end(), [&](const auto& w) { return w.get() == session; });
    if (at == found->second.end()) return;
    with_.loop.post([gone = std::move(*at)] {}); // it is within its own close()
    found->second.erase(at);
    if (found->second.empty()) waiting_.erase(found);
  };
  if (!client->wait(left, std::move(closed))) return;
  if (c && c->now == stage::exited) return client->end(c->end.exit_code);
  // Whoever follows a log asked while the container lived; it has ended since, and may have no other life to wait for.
  if (!c && client->wants().what == open_stream::kind::follow_log) return client->close();
  if (c && exec_id.empty() && c->now != stage::starting) return c->init.io->attach(client);
  if (c && !exec_id.empty())
    if (auto found = c->execs.find(exec_id); found != c->execs.end() && found->second.pid != 0)
      return found->second.io->attach(client);
  waiting_[place].push_back(std::move(client));
}

void supervisor::attach_waiting(const key& name, const std::string& exec_id, const std::shared_ptr<process_io>& io) {
  auto found = waiting_.extract({name, exec_id});
  if (found.empty()) return;
  for (const auto& client : found.mapped()) io->attach(client);
}

void supervisor::drop_waiting(const key& name, const std::string& exec_id) {
  auto found = waiting_.extract({name, exec_id});
  if (found.empty()) return;
  for (const auto& client : found.mapped()) client->close();
}

void supervisor::drop_all_waiting(const key& name) {
  for (auto at = waiting_.lower_bound({name, ""}); at != waiting_.end() && at->first.first == name;) {
    auto exec_id = at->first.second;
    ++at;
    drop_waiting(name, exec_id);
  }
}

} // namespace gantry::monitor
