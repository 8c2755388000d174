#include "api/docker/render/push_progress.hpp"

#include "api/docker/render/pull_progress.hpp"

namespace gantry::docker {
namespace {

using step = layer_progress::step;

bool is_over(step now) { return now == step::pushed || now == step::mounted || now == step::exists; }

std::string said(const layer_progress& now) {
  auto id = now.layer.hex().substr(0, 12);
  switch (now.now) {
  case step::pushing:
    return dump({{"status", "Pushing"},
                 {"progressDetail", {{"current", now.current}, {"total", now.total}}},
                 {"id", id}}) +
           "\n";
  case step::pushed:
    return status_line("Pushed", id);
  case step::mounted:
    return status_line("Mounted from another repository", id);
  case step::exists:
    return status_line("Layer already exists", id);
  default:
    return status_line("Waiting", id);
  }
}

} // namespace

std::string push_progress::lines(const layer_progress& now) {
  auto known = last_.find(now.layer);
  bool fresh = known == last_.end();
  if (!fresh && (is_over(known->second.now) || (known->second.now == now.now && known->second.current == now.current)))
    return {};
  last_[now.layer] = now;
  return (fresh ? status_line("Preparing", now.layer.hex().substr(0, 12)) : std::string()) + said(now);
}

std::string push_end(const reference& name, const pushed_image& done) {
  auto digest = done.manifest.str();
  json aux{{"Tag", name.tag}, {"Digest", digest}, {"Size", done.size}};
  return status_line(fmt::format("{}: digest: {} size: {}", name.tag, digest, done.size)) +
         dump({{"progressDetail", json::object()}, {"aux", aux}}) + "\n";
}

} // namespace gantry::docker
