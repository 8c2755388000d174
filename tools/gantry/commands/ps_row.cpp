#include "tools/gantry/commands/ps_row.hpp"

#include <algorithm>
#include <tuple>

#include "tools/gantry/format/table.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

struct port_run {
  std::string ip, protocol;
  std::int64_t inside = 0, outside = 0; ///< outside 0: not published
  std::int64_t length = 1;

  [[nodiscard]] std::string shown() const {
    auto range = [this](std::int64_t first) {
      return length == 1 ? std::to_string(first) : fmt::format("{}-{}", first, first + length - 1);
    };
    auto container = range(inside) + "/" + protocol;
    if (outside == 0) return container;
    auto host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
    return fmt::format("{}:{}->{}", host, range(outside), container);
  }
  [[nodiscard]] bool continued_by(const port_run& next) const {
    return ip == next.ip && protocol == next.protocol && next.inside == inside + length &&
           (outside == 0 ? next.outside == 0 : next.outside == outside + length);
  }
};

std::string joined(const json& list, std::string_view mark) {
  std::string text;
  if (!list.is_array()) return text;
  for (const auto& each : list)
    if (each.is_string()) text += (text.empty() ? "" : std::string(mark)) + each.get<std::string>();
  return text;
}

std::string shown_names(const json& container) {
  json names = json::array();
  const auto& given = at(container, "Names");
  if (!given.is_array()) return {};
  for (const auto& name : given) {
    auto bare = name.is_string() ? name.get<std::string>() : std::string();
    if (bare.starts_with('/')) bare.erase(0, 1);
    if (bare.find('/') == std::string::npos) names.push_back(bare); // others are links
  }
  return joined(names, ",");
}

std::string shown_labels(const json& labels) {
  std::string shown;
  for (const auto& [key, value] : labels.items())
    shown += (shown.empty() ? "" : ",") + key + "=" + (value.is_string() ? value.get<std::string>() : "");
  return shown;
}

std::string keys_of(const json& object) {
  std::string keys;
  for (const auto& [key, ignored] : object.items()) keys += (keys.empty() ? "" : ",") + key;
  return keys;
}

std::string shown_size(const json& container) {
  auto size = human_size(static_cast<double>(number(container, "SizeRw")), 3);
  auto whole = number(container, "SizeRootFs");
  return whole > 0 ? fmt::format("{} (virtual {})", size, human_size(static_cast<double>(whole), 3)) : size;
}

std::string shown_mounts(const json& mounts, const list_options& how) {
  std::string shown;
  if (!mounts.is_array()) return shown;
  for (const auto& mount : mounts) {
    auto name = text(mount, "Name");
    if (name.empty()) name = text(mount, "Source");
    shown += (shown.empty() ? "" : ",") + (how.no_trunc ? name : ellipsis(name, 15));
  }
  return shown;
}

} // namespace

std::string shown_ports(const json& ports) {
  std::vector<port_run> runs;
  if (!ports.is_array()) return {};
  for (const auto& port : ports)
    runs.push_back({text(port, "IP"), text(port, "Type"), number(port, "PrivatePort"), number(port, "PublicPort")});
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.protocol, a.ip, a.inside, a.outside) < std::tie(b.protocol, b.ip, b.inside, b.outside);
  });
  std::vector<port_run> merged;
  for (const auto& run : runs) {
    if (!merged.empty() && merged.back().continued_by(run))
      ++merged.back().length;
    else
      merged.push_back(run);
  }
  std::stable_partition(merged.begin(), merged.end(), [](const auto& run) { return run.outside != 0; });
  std::string shown;
  for (const auto& run : merged) shown += (shown.empty() ? "" : ", ") + run.shown();
  return shown;
}

json ps_row(const json& container, const list_options& how, std::int64_t now) {
  auto command = text(container, "Command");
  auto image = text(container, "Image");
  auto created = number(container, "Created");
  const auto& networks = at(container, "NetworkSettings.Networks");
  json row = json::object();
  row["Command"] = "\"" + (how.no_trunc ? command : ellipsis(command, 20)) + "\"";
  row["CreatedAt"] = local_time(created);
  row["ID"] = how.shown_id(text(container, "Id"));
  row["Image"] = image.starts_with("sha256:") && !how.no_trunc ? short_id(image) : image;
  row["Labels"] = shown_labels(at(container, "Labels"));
  row["LocalVolumes"] = "0";
  row["Mounts"] = shown_mounts(at(container, "Mounts"), how);
  row["Names"] = shown_names(container);
  row["Networks"] = networks.is_object() ? keys_of(networks) : text(container, "HostConfig.NetworkMode");
  row["Ports"] = shown_ports(at(container, "Ports"));
  row["RunningFor"] = human_since(created, now);
  row["Size"] = shown_size(container);
  row["State"] = text(container, "State");
  row["Status"] = text(container, "Status");
  return row;
}

} // namespace gantry::cli
