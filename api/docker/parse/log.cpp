#include <charconv>
#include <optional>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/log_tag.hpp"
#include "messages/domain/quote.hpp"

// LogConfig (Docker Engine, "Configure logging drivers").
namespace gantry::docker::parts {
namespace {

constexpr std::int64_t local_max_size = 20 << 20;
constexpr int local_max_files = 5, most_files = 1000;
constexpr std::size_t longest_option = 4096;

result<void> read_max_size(const std::string& value, log_config& into) {
  into.max_size = 0;
  if (value == "-1") return {};
  GANTRY_LET(into.max_size, parse_size(value));
  return {};
}

result<void> read_max_file(const std::string& value, log_config& into) {
  auto parsed = std::from_chars(value.data(), value.data() + value.size(), into.max_files);
  if (parsed.ec == std::errc{} && parsed.ptr == value.data() + value.size() && into.max_files >= 1 &&
      into.max_files <= most_files)
    return {};
  return fail(errc::invalid_argument, "log option max-file={}: write a number of 1 to {}", quote(value), most_files);
}

/// Those that both drivers have. False: the option is none of them.
result<bool> read_common(const std::string& name, const std::string& value, log_config& into) {
  if (name == "max-size") return read_max_size(value, into).map([] { return true; });
  if (name == "max-file") return read_max_file(value, into).map([] { return true; });
  if (name == "mode") {
    if (value == "blocking" || value.empty()) return true;
    return fail(errc::invalid_argument,
                "log option mode={} is not supported: output waits for its log (blocking), none is thrown away",
                quote(value));
  }
  if (name == "compress") {
    if (value == "false") return true;
    return fail(errc::invalid_argument,
                "log option compress={} is not supported: files that rotation has put aside are kept as they are; "
                "write compress=false",
                quote(value));
  }
  return false;
}

result<void> read_option(const std::string& name, const std::string& value, log_config& into) {
  if (value.size() > longest_option)
    return fail(errc::invalid_argument, "log option {} is longer than {} bytes", name, longest_option);
  GANTRY_LET(const bool common, read_common(name, value, into));
  if (common) return {};
  if (into.driver == "json-file" && (name == "labels" || name == "env")) return {};
  if (into.driver == "json-file" && name == "tag") return check_log_tag(value);
  if (into.driver == "json-file" && (name == "labels-regex" || name == "env-regex"))
    return fail(errc::invalid_argument, "log option {} is not supported: name each one with {}", name,
                name.substr(0, name.find('-')));
  return fail(errc::invalid_argument, "unknown log opt '{}' for {} log driver", name, into.driver);
}

} // namespace

result<void> read_log(object from, log_config& into) {
  json_fields fields(from);
  std::string driver;
  fields.read("Type", driver);
  fields.read("Config", into.options);
  GANTRY_TRY(checked(fields, "HostConfig.LogConfig"));
  if (!driver.empty()) into.driver = driver;
  if (into.driver == "none") return {};
  if (into.driver == "local") {
    into.max_size = local_max_size;
    into.max_files = local_max_files;
  } else if (into.driver != "json-file")
    return fail(errc::invalid_argument, "logger: no log driver named {} is registered: write json-file, local or none",
                quote(driver));
  for (const auto& [name, value] : into.options) GANTRY_TRY(read_option(name, value, into));
  return {};
}

} // namespace gantry::docker::parts
