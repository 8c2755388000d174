#include "api/docker/render/image.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "api/docker/render/container.hpp"
#include "runtime/log/json_line.hpp"

namespace gantry::docker {
namespace {

constexpr unix_nanos nanos_per_second = 1'000'000'000;

std::int64_t created_at(const std::string& text) { return log::parse_time(text).value_or(0) / nanos_per_second; }

json config_of(const image_config& config) {
  json made;
  made["User"] = config.user;
  if (auto ports = set_of(config.exposed_ports); !ports.is_null()) made["ExposedPorts"] = ports;
  made["Env"] = or_null(config.env);
  made["Cmd"] = or_null(config.cmd);
  if (config.health) made["Healthcheck"] = health_config(*config.health);
  made["Volumes"] = set_of(config.volumes);
  made["WorkingDir"] = config.working_dir;
  made["Entrypoint"] = or_null(config.entrypoint);
  made["OnBuild"] = nullptr;
  made["Labels"] = config.labels.empty() ? json(nullptr) : object_of(config.labels);
  if (!config.stop_signal.empty()) made["StopSignal"] = config.stop_signal;
  return made;
}

std::set<digest> layers_of(const image& of) {
  std::set<digest> made;
  for (const auto& layer : of.layers) made.insert(layer.content);
  return made;
}

/// `whole` times `part` over `all`.
std::uint64_t scaled(std::uint64_t whole, std::uint64_t part, std::uint64_t all) {
  if (all == 0) return 0;
  return static_cast<std::uint64_t>(static_cast<double>(whole) *
                                    (static_cast<double>(part) / static_cast<double>(all)));
}

std::vector<std::string> without_repeats(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

} // namespace

std::vector<std::string> repo_tags(const std::vector<image_name>& names) {
  std::vector<std::string> tags;
  for (const auto& one : names)
    if (!one.name.tag.empty()) tags.push_back(one.name.familiar_name() + ":" + one.name.tag);
  return without_repeats(std::move(tags));
}

std::vector<std::string> repo_digests(const std::vector<image_name>& names) {
  std::vector<std::string> digests;
  for (const auto& one : names)
    if (!one.manifest.empty()) digests.push_back(one.name.familiar_name() + "@" + one.manifest.str());
  return without_repeats(std::move(digests));
}

json image_summary(const found_image& of, std::int64_t containers, std::int64_t shared) {
  const auto& image = *of.what;
  json row;
  row["Containers"] = containers;
  row["Created"] = created_at(image.config.created);
  row["Id"] = image.id.str();
  row["Labels"] = image.config.labels.empty() ? json(nullptr) : object_of(image.config.labels);
  row["ParentId"] = image.parent.str();
  row["RepoDigests"] = repo_digests(of.names);
  row["RepoTags"] = repo_tags(of.names);
  row["SharedSize"] = shared;
  row["Size"] = image.unpacked_bytes;
  return row;
}

images_on_disk measure_images(const std::vector<found_image>& images) {
  std::map<digest, int> holders;
  for (const auto& image : images)
    for (const auto& layer : layers_of(*image.what)) ++holders[layer];
  images_on_disk made;
  std::set<digest> counted;
  for (const auto& image : images) {
    std::uint64_t all = 0, own = 0, shared = 0;
    for (const auto& layer : image.what->layers) {
      all += layer.size;
      if (counted.insert(layer.content).second) own += layer.size;
      if (holders[layer.content] > 1) shared += layer.size;
    }
    made.bytes += scaled(image.what->unpacked_bytes, own, all);
    made.shared.push_back(scaled(image.what->unpacked_bytes, shared, all));
  }
  return made;
}

json image_inspect(const found_image& of) {
  const auto& image = *of.what;
  json made;
  made["Id"] = image.id.str();
  made["RepoTags"] = repo_tags(of.names);
  made["RepoDigests"] = repo_digests(of.names);
  made["Parent"] = image.parent.str();
  made["Comment"] = image.config.history.empty() ? "" : image.config.history.back().comment;
  made["Created"] = image.config.created;
  made["DockerVersion"] = "";
  made["Author"] = image.config.author;
  made["Config"] = config_of(image.config);
  // Of the container that it was committed from, until API 1.44. Compose of version 1 speaks the newest there is, and
  // reads an image's volumes here all the same: without it, it makes no service's container anew.
  made["ContainerConfig"] = made["Config"];
  made["Architecture"] = image.config.target.architecture;
  if (!image.config.target.variant.empty()) made["Variant"] = image.config.target.variant;
  made["Os"] = image.config.target.os;
  made["Size"] = made["VirtualSize"] = image.unpacked_bytes;
  made["GraphDriver"] = {{"Data", nullptr}, {"Name", "overlayfs"}};
  std::vector<std::string> layers;
  for (const auto& layer : image.config.diff_ids) layers.push_back(layer.str());
  made["RootFS"] = {{"Type", "layers"}, {"Layers", layers}};
  made["Metadata"] = {{"LastTagTime", log::format_time(image.pulled_at * nanos_per_second)}};
  return made;
}

json image_history(const found_image& of) {
  const auto& image = *of.what;
  json list = json::array();
  std::size_t layer = 0;
  for (const auto& entry : image.config.history) {
    std::int64_t size = 0;
    if (!entry.empty_layer && layer < image.layers.size()) size = static_cast<std::int64_t>(image.layers[layer++].size);
    json row{{"Id", "<missing>"},
             {"Created", created_at(entry.created)},
             {"CreatedBy", entry.created_by},
             {"Tags", nullptr},
             {"Size", size},
             {"Comment", entry.comment}};
    list.insert(list.begin(), row);
  }
  if (list.empty())
    list.push_back({{"Id", ""},
                    {"Created", created_at(image.config.created)},
                    {"CreatedBy", ""},
                    {"Tags", nullptr},
                    {"Size", image.unpacked_bytes},
                    {"Comment", ""}});
  list[0]["Id"] = image.id.str();
  list[0]["Tags"] = or_null(repo_tags(of.names));
  return list;
}

json removal_report(const removed_image& of) {
  json list = json::array();
  for (const auto& name : of.untagged) list.push_back({{"Untagged", name}});
  for (const auto& gone : of.deleted) list.push_back({{"Deleted", gone.str()}});
  return list;
}

} // namespace gantry::docker
