#include "api/docker/render/volume.hpp"

#include "runtime/log/json_line.hpp"

namespace gantry::docker {

json volume(const volume_info& of, std::optional<std::uint64_t> bytes) {
  json made;
  made["CreatedAt"] = log::format_time(of.record.created_at / 1'000'000'000 * 1'000'000'000);
  made["Driver"] = "local";
  made["Labels"] = of.record.labels.empty() ? json(nullptr) : object_of(of.record.labels);
  if (of.record.anonymous) {
    if (made["Labels"].is_null()) made["Labels"] = json::object();
    made["Labels"]["com.docker.volume.anonymous"] = "";
  }
  made["Mountpoint"] = of.mountpoint;
  made["Name"] = of.record.name;
  made["Options"] = nullptr;
  made["Scope"] = "local";
  made["UsageData"] = {{"RefCount", of.users}, {"Size", bytes ? static_cast<std::int64_t>(*bytes) : -1}};
  return made;
}

} // namespace gantry::docker
