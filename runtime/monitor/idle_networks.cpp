#include "runtime/monitor/idle_networks.hpp"

#include <algorithm>

namespace gantry::monitor {

sys::unique_fd idle_networks::take(const std::string& terms) {
  // The last one used: its memory is the warmest, and the others can end.
  const auto found =
      std::find_if(idle_.rbegin(), idle_.rend(), [&](const idle& one) { return one.network.terms == terms; });
  if (found == idle_.rend()) return {};
  auto handle = std::move(found->network.handle);
  idle_.erase(std::next(found).base());
  return handle;
}

void idle_networks::give_back(reusable_network used) {
  if (idle_.size() + judged_ < limit) judge(std::move(used), look::first);
}

void idle_networks::judge(reusable_network used, look which) {
  ++judged_;
  auto shared = std::make_shared<reusable_network>(std::move(used));
  auto verdict = std::make_shared<network_judge::verdict>();
  worker_.run([judge = judge_, shared, verdict] { *verdict = judge->judge(shared->handle.get()); },
              [this, shared, verdict, which] { judged(std::move(*shared), which, *verdict); });
}

void idle_networks::judged(reusable_network used, look which, network_judge::verdict how) {
  --judged_;
  const auto now = event_loop::clock::now();
  if (how == network_judge::verdict::untouched) {
    idle_.push_back({std::move(used), now});
    if (!end_timer_) end_timer_ = loop_.after(patience, [this] { end_unused(); });
  } else if (how == network_judge::verdict::in_use && which == look::first && in_use_.size() < limit) {
    in_use_.push_back({std::move(used), now});
    if (!look_timer_) look_timer_ = loop_.after(second_look, [this] { look_again(); });
  }
}

void idle_networks::end_unused() {
  end_timer_.reset();
  const auto now = event_loop::clock::now();
  while (!idle_.empty() && now - idle_.front().since >= patience) idle_.pop_front();
  if (idle_.empty()) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(patience - (now - idle_.front().since));
  end_timer_ = loop_.after(left, [this] { end_unused(); });
}

void idle_networks::look_again() {
  look_timer_.reset();
  const auto now = event_loop::clock::now();
  for (; !in_use_.empty() && now - in_use_.front().since >= second_look; in_use_.pop_front())
    if (idle_.size() + judged_ < limit) judge(std::move(in_use_.front().network), look::second);
  if (in_use_.empty()) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(second_look - (now - in_use_.front().since));
  look_timer_ = loop_.after(left, [this] { look_again(); });
}

} // namespace gantry::monitor
