#include <algorithm>
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
constexpr std::int64_t usual_buffer = 1'000'000, largest_buffer = 1 << 30; // what waits lies in the monitor's memory
constexpr auto lossy_mode = "non-blocking";

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

result<void> read_mode(const std::string& value, log_config& into) {
  if (value == "blocking" || value.empty()) return {};
  if (value != lossy_mode) return fail(errc::invalid_argument, "logger: logging mode not supported: {}", quote(value));
  if (into.buffer < 0) into.buffer = usual_buffer;
  return {};
}

result<void> read_buffer(const std::string& value, log_config& into) {
  auto mode = into.options.find("mode");
  if (mode == into.options.end() || mode->second != lossy_mode)
    return fail(errc::invalid_argument, "logger: max-buffer-size option is only supported with 'mode={}'", lossy_mode);
  GANTRY_LET(into.buffer, parse_size(value));
  if (into.buffer <= largest_buffer) return {};
  return fail(errc::invalid_argument, "log option max-buffer-size={}: write 1g or less", quote(value));
}

/// What Go's strconv.ParseBool takes.
result<void> read_compress(const std::string& value, log_config& into) {
  constexpr std::string_view yes[] = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::string_view no[] = {"0", "f", "F", "FALSE", "false", "False"};
  into.compress = std::find(std::begin(yes), std::end(yes), value) != std::end(yes);
  if (into.compress || std::find(std::begin(no), std::end(no), value) != std::end(no)) return {};
  return fail(errc::invalid_argument, "log option compress={}: write true or false", quote(value));
}

/// Those that both drivers have. False: the option is none of them.
result<bool> read_common(const std::string& name, const std::string& value, log_config& into) {
  constexpr std::pair<std::string_view, result<void> (*)(const std::string&, log_config&)> readers[] = {
      {"max-size", read_max_size},
      {"max-file", read_max_file},
      {"mode", read_mode},
      {"max-buffer-size", read_buffer},
      {"compress", read_compress}};
  for (const auto& [known, read] : readers)
    if (name == known) return read(value, into).map([] { return true; });
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

/// In dockerd's words to the letter: clients look for them.
tl::unexpected<error> unknown_driver(const std::string& name) {
  auto quoted = quote(name);
  quoted.front() = quoted.back() = '\'';
  return fail(errc::invalid_argument, "logger: no log driver named {} is registered", quoted);
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
    into.compress = true;
  } else if (into.driver != "json-file")
    return unknown_driver(driver);
  for (const auto& [name, value] : into.options) GANTRY_TRY(read_option(name, value, into));
  if (into.compress && (into.max_files < 2 || into.max_size <= 0))
    return fail(errc::invalid_argument,
                "compress cannot be true when max-file is less than 2 or max-size is not set: write compress=false");
  return {};
}

} // namespace gantry::docker::parts
