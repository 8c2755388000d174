#include "tools/gantry-load/engine/create_body.hpp"

#include <nlohmann/json.hpp>

namespace gantry::load {

namespace {

using nlohmann::json;

/// Bytes that are no UTF-8 are the engine's to refuse.
std::string text_of(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

} // namespace

std::string create_body(const settings& asked, const std::vector<std::string>& cmd, const std::string& run_id) {
  json host = json::object();
  if (!asked.network.empty()) host["NetworkMode"] = asked.network;
  if (!asked.runtime.empty()) host["Runtime"] = asked.runtime;
  if (asked.memory != 0) host["Memory"] = asked.memory;
  if (asked.pids_limit != 0) host["PidsLimit"] = asked.pids_limit;
  if (asked.read_only) host["ReadonlyRootfs"] = true;
  json body{{"Image", asked.image}, {"Cmd", cmd}, {"Labels", {{run_label, run_id}}}, {"HostConfig", std::move(host)}};
  return text_of(body);
}

std::string exec_body(const settings& asked) {
  return text_of({{"AttachStdout", true}, {"AttachStderr", true}, {"Cmd", asked.cmd}});
}

} // namespace gantry::load
