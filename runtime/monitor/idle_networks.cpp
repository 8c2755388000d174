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
  if (idle_.size() + judged_ >= limit) return;
  ++judged_;
  auto shared = std::make_shared<reusable_network>(std::move(used));
  auto untouched = std::make_shared<bool>(false);
  worker_.run([judge = judge_, shared, untouched] { *untouched = judge->is_untouched(shared->handle.get()); },
              [this, shared, untouched] {
                --judged_;
                if (*untouched) keep(std::move(*shared));
              });
}

void idle_networks::keep(reusable_network used) {
  idle_.push_back({std::move(used), event_loop::clock::now()});
  if (!timer_) timer_ = loop_.after(patience, [this] { end_unused(); });
}

void idle_networks::end_unused() {
  timer_.reset();
  const auto now = event_loop::clock::now();
  while (!idle_.empty() && now - idle_.front().since >= patience) idle_.pop_front();
  if (idle_.empty()) return;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(patience - (now - idle_.front().since));
  timer_ = loop_.after(left, [this] { end_unused(); });
}

} // namespace gantry::monitor
