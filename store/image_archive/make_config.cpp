#include "store/image_archive/make_config.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace gantry::store {
namespace {

using json = nlohmann::ordered_json;

std::string_view name_in(std::string_view variable) { return variable.substr(0, variable.find('=')); }

/// A variable that is there gets its new value in its place.
void set_env(json& config, const std::vector<std::string>& env) {
  auto list = config.value("Env", json::array());
  if (!list.is_array()) list = json::array();
  for (const auto& variable : env) {
    auto same = std::find_if(list.begin(), list.end(), [&](const json& one) {
      return one.is_string() && name_in(one.get_ref<const std::string&>()) == name_in(variable);
    });
    if (same == list.end())
      list.push_back(variable);
    else
      *same = variable;
  }
  if (!list.empty()) config["Env"] = std::move(list);
}

json& object_in(json& of, const char* name) {
  auto& member = of[name];
  if (!member.is_object()) member = json::object();
  return member;
}

void add_names(json& config, const char* member, const std::vector<std::string>& names) {
  for (const auto& name : names) object_in(config, member)[name] = json::object();
}

json health_of(const healthcheck& check) {
  json made = json::object();
  if (!check.test.empty()) made["Test"] = check.test;
  for (auto [name, value] : {std::pair("Interval", check.interval), std::pair("Timeout", check.timeout),
                             std::pair("StartPeriod", check.start_period)})
    if (value.count() != 0) made[name] = value.count();
  if (check.retries != 0) made["Retries"] = check.retries;
  return made;
}

void apply(const image_changes& changes, json& config) {
  set_env(config, changes.env);
  if (changes.cmd) config["Cmd"] = changes.cmd->empty() ? json() : json(*changes.cmd);
  if (changes.entrypoint) config["Entrypoint"] = changes.entrypoint->empty() ? json() : json(*changes.entrypoint);
  if (changes.user) config["User"] = *changes.user;
  if (changes.working_dir) config["WorkingDir"] = *changes.working_dir;
  if (changes.stop_signal) config["StopSignal"] = *changes.stop_signal;
  if (changes.health) config["Healthcheck"] = health_of(*changes.health);
  add_names(config, "Volumes", changes.volumes);
  add_names(config, "ExposedPorts", changes.exposed_ports);
  for (const auto& [name, value] : changes.labels) object_in(config, "Labels")[name] = value;
  for (const auto& instruction : changes.on_build) {
    auto& list = config["OnBuild"];
    if (!list.is_array()) list = json::array();
    list.push_back(instruction);
  }
}

json from_nothing(const platform& target) {
  json made{{"architecture", target.architecture}, {"os", target.os}};
  if (!target.variant.empty()) made["variant"] = target.variant;
  made["rootfs"] = {{"type", "layers"}, {"diff_ids", json::array()}};
  return made;
}

json history_of(const config_change& how) {
  json entry{{"created", how.created}};
  if (!how.created_by.empty()) entry["created_by"] = how.created_by;
  if (!how.author.empty()) entry["author"] = how.author;
  if (!how.comment.empty()) entry["comment"] = how.comment;
  if (how.diff_id.empty()) entry["empty_layer"] = true;
  return entry;
}

} // namespace

result<std::string> make_config(const config_change& how) {
  auto made = how.base.empty() ? from_nothing(how.target) : json::parse(how.base, nullptr, false);
  if (!made.is_object() || !object_in(made, "rootfs")["diff_ids"].is_array())
    return fail(errc::corrupt, "the image's config is no JSON object with a list of diff_ids");
  for (const auto* old : {"container", "container_config"})
    made.erase(old); // of the container that the base was made of
  made["created"] = how.created;
  if (!how.author.empty()) made["author"] = how.author;
  apply(how.changes, object_in(made, "config"));
  if (!how.diff_id.empty()) made["rootfs"]["diff_ids"].push_back(how.diff_id.str());
  if (!made["history"].is_array()) made["history"] = json::array();
  made["history"].push_back(history_of(how));
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace gantry::store
