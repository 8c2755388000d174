#include "api/cri/streaming/protocol.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

namespace gantry::cri {
namespace {

constexpr std::array<remotecommand_protocol, 5> spoken{{
    {"v5.channel.k8s.io", status_format::json, true},
    {"v4.channel.k8s.io", status_format::json, false},
    {"v3.channel.k8s.io", status_format::text, false},
    {"v2.channel.k8s.io", status_format::text, false},
    {"channel.k8s.io", status_format::text, false},
}};

/// What others wrote may be in no encoding at all: such bytes are replaced.
std::string print(const nlohmann::json& what) {
  return what.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

std::vector<std::string> list_of(std::string_view header) {
  std::vector<std::string> found;
  while (!header.empty()) {
    auto end = std::min(header.find(','), header.size());
    auto entry = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    auto first = entry.find_first_not_of(" \t"), last = entry.find_last_not_of(" \t");
    if (first != std::string_view::npos) found.emplace_back(entry.substr(first, last - first + 1));
  }
  return found;
}

std::optional<remotecommand_protocol> choose_remotecommand(const std::vector<std::string>& offered) {
  for (const auto& name : offered)
    for (const auto& one : spoken)
      if (one.name == name) return one;
  return std::nullopt;
}

std::vector<std::string_view> remotecommand_protocols() {
  std::vector<std::string_view> names;
  names.reserve(std::size(spoken));
  for (const auto& one : spoken) names.push_back(one.name);
  return names;
}

std::string status_of_success(status_format format) {
  if (format == status_format::text) return {};
  return print({{"metadata", nlohmann::json::object()}, {"status", "Success"}});
}

std::string status_of_exit(status_format format, int exit_code) {
  if (exit_code == 0) return status_of_success(format);
  auto message = fmt::format("command terminated with non-zero exit code: {}", exit_code);
  if (format == status_format::text) return message;
  auto cause = nlohmann::json{{"reason", "ExitCode"}, {"message", std::to_string(exit_code)}};
  return print({{"metadata", nlohmann::json::object()},
                {"status", "Failure"},
                {"reason", "NonZeroExitCode"},
                {"message", message},
                {"details", {{"causes", nlohmann::json::array({cause})}}}});
}

std::string status_of_failure(status_format format, const error& why) {
  if (format == status_format::text) return why.message;
  return print({{"metadata", nlohmann::json::object()},
                {"status", "Failure"},
                {"reason", "InternalError"},
                {"message", "Internal error occurred: " + why.message},
                {"details", {{"causes", nlohmann::json::array({{{"message", why.message}}})}}},
                {"code", 500}});
}

} // namespace gantry::cri
