#include "messages/domain/image.hpp"

#include <limits>

#include "messages/domain/json_fields.hpp"
#include "messages/domain/manifest.hpp"

namespace gantry {
namespace {

constexpr std::size_t max_diff_ids = 500; // as the layers of a manifest

std::chrono::nanoseconds read_duration(json_fields& fields, std::string_view name) {
  std::int64_t nanoseconds = 0;
  fields.read(name, nanoseconds, 0, std::numeric_limits<std::int64_t>::max());
  return std::chrono::nanoseconds(nanoseconds);
}

/// Docker's extension of the config (moby image-spec, "Healthcheck").
result<healthcheck> parse_healthcheck(simdjson::dom::object object) {
  json_fields fields(object);
  healthcheck made;
  std::int64_t retries = 0;
  fields.read("Test", made.test);
  made.interval = read_duration(fields, "Interval");
  made.timeout = read_duration(fields, "Timeout");
  made.start_period = read_duration(fields, "StartPeriod");
  made.start_interval = read_duration(fields, "StartInterval");
  fields.read("Retries", retries, 0, std::numeric_limits<int>::max());
  made.retries = static_cast<int>(retries);
  if (auto status = fields.status(); !status) return within(status.error(), "Healthcheck");
  return made;
}

/// The defaults of a container: the object "config" of the document.
result<void> parse_defaults(simdjson::dom::object object, image_config& out) {
  json_fields fields(object);
  fields.read("User", out.user);
  fields.read("Env", out.env);
  fields.read_list_or_string("Entrypoint", out.entrypoint);
  fields.read_list_or_string("Cmd", out.cmd);
  fields.read("WorkingDir", out.working_dir);
  fields.read_names("Volumes", out.volumes);
  fields.read_names("ExposedPorts", out.exposed_ports);
  fields.read("Labels", out.labels);
  fields.read("StopSignal", out.stop_signal);
  auto health = fields.object("Healthcheck");
  GANTRY_TRY(fields.status());
  if (health) {
    GANTRY_LET(out.health, parse_healthcheck(*health));
  }
  return {};
}

result<std::vector<digest>> parse_rootfs(simdjson::dom::object object) {
  json_fields fields(object);
  std::string type = "layers";
  std::vector<std::string> written;
  fields.read("type", type);
  fields.read("diff_ids", written);
  GANTRY_TRY(fields.status());
  if (type != "layers") return fail(errc::corrupt, "its type is not \"layers\"");
  if (written.size() > max_diff_ids)
    return fail(errc::corrupt, "it has {} diff_ids, more than the limit of {}", written.size(), max_diff_ids);
  std::vector<digest> parsed;
  for (const auto& text : written) {
    auto diff_id = digest::parse(text);
    if (!diff_id) return fail(errc::corrupt, "diff_ids[{}]: {}", parsed.size(), diff_id.error().message);
    parsed.push_back(std::move(*diff_id));
  }
  return parsed;
}

result<std::vector<image_config::history_entry>> parse_history(simdjson::dom::array items) {
  std::vector<image_config::history_entry> history;
  for (auto item : items) {
    simdjson::dom::object object;
    if (item.get(object) != simdjson::SUCCESS) return fail(errc::corrupt, "\"history\" is not a list of objects");
    json_fields fields(object);
    auto& entry = history.emplace_back();
    fields.read("created", entry.created);
    fields.read("created_by", entry.created_by);
    fields.read("comment", entry.comment);
    fields.read("empty_layer", entry.empty_layer);
    if (auto status = fields.status(); !status) return within(status.error(), "history[{}]", history.size() - 1);
  }
  return history;
}

result<image_config> parse_config(json_fields& fields) {
  image_config made;
  fields.read("os", made.target.os);
  fields.read("architecture", made.target.architecture);
  fields.read("variant", made.target.variant);
  fields.read("created", made.created);
  fields.read("author", made.author);
  auto defaults = fields.object("config");
  auto rootfs = fields.object("rootfs");
  auto history = fields.array("history");
  GANTRY_TRY(fields.status());
  if (!rootfs) return fail(errc::corrupt, "it has no \"rootfs\": it is not of an image, or of one older than 2016");
  auto diff_ids = parse_rootfs(*rootfs);
  if (!diff_ids) return within(diff_ids.error(), "rootfs");
  made.diff_ids = std::move(*diff_ids);
  if (defaults) GANTRY_TRY(parse_defaults(*defaults, made));
  if (history) {
    GANTRY_LET(made.history, parse_history(*history));
  }
  return made;
}

} // namespace

result<image_config> parse_image_config(std::string_view json) {
  if (json.size() > max_config_bytes)
    return fail(errc::invalid_argument, "the image's config has {} bytes, more than the limit of {}", json.size(),
                max_config_bytes);
  simdjson::dom::parser parser;
  auto top = parse_object(parser, json);
  if (!top) return within(top.error(), "the image's config");
  json_fields fields(*top);
  auto parsed = parse_config(fields);
  if (!parsed) return within(parsed.error(), "the image's config");
  return parsed;
}

} // namespace gantry
