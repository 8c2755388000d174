#include "store/registry/exchanges.hpp"

#include <mutex>
#include <vector>

namespace gantry::store {

namespace {

CURLM* make_multi() {
  static std::once_flag once;
  std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
  return ::curl_multi_init();
}

} // namespace

exchanges::exchanges() : multi_(make_multi()) {}

exchanges::~exchanges() {
  drop_all();
  ::curl_multi_cleanup(multi_);
}

exchange* exchanges::start(http_request request, exchange::body_receiver body, exchange::completion done,
                           std::function<void()> activity) {
  auto made = std::make_unique<exchange>(std::move(request), std::move(body), std::move(done));
  made->on_activity(std::move(activity));
  auto* one = made.get();
  ::curl_multi_add_handle(multi_, one->handle());
  live_.emplace(one, std::move(made));
  return one;
}

void exchanges::drop(exchange* one) {
  ::curl_multi_remove_handle(multi_, one->handle());
  live_.erase(one);
}

void exchanges::drop_all() {
  while (!live_.empty()) drop(live_.begin()->first);
}

// Removed first: its sender may start another one, or drop others, while it is told.
void exchanges::finish(exchange* one, CURLcode code) {
  auto found = live_.find(one);
  if (found == live_.end()) return;
  auto kept = std::move(found->second);
  live_.erase(found);
  ::curl_multi_remove_handle(multi_, kept->handle());
  kept->complete(code);
}

void exchanges::unpause(exchange* one) {
  auto code = ::curl_easy_pause(one->handle(), CURLPAUSE_CONT);
  if (code != CURLE_OK) finish(one, code);
}

void exchanges::perform() {
  int running = 0;
  ::curl_multi_perform(multi_, &running);
  int left = 0;
  std::vector<std::pair<exchange*, CURLcode>> complete;
  while (auto* message = ::curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    exchange* one = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &one);
    complete.emplace_back(one, message->data.result);
  }
  for (const auto& [one, code] : complete) finish(one, code);
}

void exchanges::wait(std::chrono::milliseconds longest) {
  ::curl_multi_poll(multi_, nullptr, 0, static_cast<int>(longest.count()), nullptr);
}

void exchanges::wake() { ::curl_multi_wakeup(multi_); }

} // namespace gantry::store
