#include "api/docker/render/pull_progress.hpp"

#include <charconv>

#include "api/docker/status.hpp"

namespace gantry::docker {
namespace {

using step = layer_progress::step;

std::uint64_t number(const event& e, const std::string& name) {
  std::uint64_t value = 0;
  if (auto found = e.attributes.find(name); found != e.attributes.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

std::string bytes_line(std::string_view status, const layer_progress& now) {
  json line{{"status", status},
            {"progressDetail", {{"current", now.current}, {"total", now.total}}},
            {"id", now.layer.hex().substr(0, 12)}};
  return dump(line) + "\n";
}

} // namespace

std::string status_line(std::string_view status, std::string_view id) {
  json line{{"status", status}};
  if (!id.empty()) {
    line["progressDetail"] = json::object();
    line["id"] = id;
  }
  return dump(line) + "\n";
}

std::string error_line(const error& why) {
  json detail{{"message", why.message}};
  if (auto status = status_of(why); status != 500) detail["code"] = status;
  return dump({{"errorDetail", detail}, {"error", why.message}}) + "\n";
}

std::optional<layer_progress> progress_of(const event& e) {
  if (e.type != event::subject::pull) return std::nullopt;
  layer_progress now;
  auto layer = e.attributes.find("layer");
  if (layer == e.attributes.end()) return std::nullopt;
  auto parsed = digest::parse(layer->second);
  if (!parsed) return std::nullopt;
  now.layer = *parsed;
  if (e.action == "waiting")
    now.now = step::waiting;
  else if (e.action == "downloading")
    now.now = step::downloading;
  else if (e.action == "extracting")
    now.now = step::extracting;
  else if (e.action == "done")
    now.now = step::done;
  else if (e.action == "exists")
    now.now = step::exists;
  else if (e.action == "pushing")
    now.now = step::pushing;
  else if (e.action == "pushed")
    now.now = step::pushed;
  else if (e.action == "mounted")
    now.now = step::mounted;
  else
    return std::nullopt;
  now.current = number(e, "current");
  now.total = number(e, "total");
  return now;
}

std::string import_line(const event& e) {
  if (e.type != event::subject::pull || e.action != "importing") return {};
  json detail{{"current", number(e, "current")}, {"total", number(e, "total")}};
  return dump({{"status", "Importing"}, {"progressDetail", detail}}) + "\n";
}

std::string pull_progress::lines(const layer_progress& now) {
  auto id = now.layer.hex().substr(0, 12);
  auto known = last_.find(now.layer);
  bool fresh = known == last_.end();
  auto before = fresh ? step::waiting : known->second.now;
  bool same = !fresh && before == now.now && known->second.current == now.current;
  last_[now.layer] = now;
  if (same || (!fresh && (before == step::done || before == step::exists))) return {};
  if (now.now == step::exists) {
    held_ += status_line("Already exists", id);
    return brings_ ? std::exchange(held_, {}) : std::string();
  }
  brings_ = true;
  auto out = std::exchange(held_, {}) + (fresh ? status_line("Pulling fs layer", id) : std::string());
  switch (now.now) {
  case step::waiting:
    return fresh ? out : status_line("Waiting", id);
  case step::downloading:
    return out + bytes_line("Downloading", now);
  case step::extracting:
    if (before != step::extracting) out += status_line("Download complete", id);
    return out + bytes_line("Extracting", now);
  case step::done:
    return out + status_line("Pull complete", id);
  case step::exists:
  case step::pushing:
  case step::pushed:
  case step::mounted:
    break;
  }
  return out;
}

} // namespace gantry::docker
