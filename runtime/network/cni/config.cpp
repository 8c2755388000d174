#include "runtime/network/cni/config.hpp"

#include <algorithm>

#include "runtime/network/cni/document.hpp"
#include "runtime/network/cni/names.hpp"

namespace gantry::network::cni {
namespace {

result<bool> flag_at(const json& list, const char* name) {
  const auto found = list.find(name);
  if (found == list.end()) return false;
  if (found->is_boolean()) return found->get<bool>();
  const auto text = found->is_string() ? found->get<std::string>() : std::string(); // as libcni reads it
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  return fail(errc::invalid_argument, "'{}' is neither true nor false", name);
}

/// The versions that the document allows and the engine speaks. Without any it is one of 0.1.0.
result<std::vector<spec_version>> versions_of(const json& list) {
  std::vector<std::string> said;
  if (const auto found = list.find("cniVersions"); found != list.end()) {
    if (!found->is_array()) return fail(errc::invalid_argument, "'cniVersions' is not a list");
    for (const auto& one : *found) {
      if (!one.is_string()) return fail(errc::invalid_argument, "'cniVersions' holds what is not a string");
      said.push_back(one.get<std::string>());
    }
  }
  if (list.contains("cniVersion")) said.push_back(text_at(list, "cniVersion"));
  if (said.empty()) return std::vector{spec_version::v0_1_0};
  std::vector<spec_version> known;
  for (const auto& text : said)
    if (const auto version = version_of(text)) known.push_back(*version);
  if (known.empty())
    return fail(errc::invalid_argument, "it is of CNI '{}'; this engine speaks 0.1.0 to 1.1.0",
                fmt::join(said, "', '"));
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

result<plugin_config> plugin_of(const json& object) {
  if (!object.is_object()) return fail(errc::invalid_argument, "a plugin's configuration is not an object");
  plugin_config plugin;
  plugin.type = text_at(object, "type");
  if (plugin.type.empty()) return fail(errc::invalid_argument, "a plugin has no 'type'");
  if (!is_program_name(plugin.type))
    return fail(errc::invalid_argument, "'{}' is not the name of a plugin", plugin.type.substr(0, 64));
  if (const auto found = object.find("capabilities"); found != object.end() && found->is_object())
    for (const auto& [name, wanted] : found->items())
      if (wanted.is_boolean() && wanted.get<bool>()) plugin.capabilities.insert(name);
  plugin.document = text_of(object);
  return plugin;
}

result<std::vector<plugin_config>> plugins_of(const json& document) {
  std::vector<plugin_config> plugins;
  const auto list = document.find("plugins");
  if (list == document.end()) {
    GANTRY_LET(plugins.emplace_back(), plugin_of(document));
    return plugins;
  }
  if (!list->is_array() || list->empty())
    return fail(errc::invalid_argument, "'plugins' is not a list with a plugin in it");
  if (list->size() > max_plugins)
    return fail(errc::invalid_argument, "it has {} plugins; {} are allowed", list->size(), max_plugins);
  for (const auto& one : *list) {
    GANTRY_LET(plugins.emplace_back(), plugin_of(one));
  }
  return plugins;
}

result<network_config> read_network(std::string_view text) {
  const auto document = parse_document(text);
  if (!document) return fail(errc::invalid_argument, "it is not a JSON object");
  network_config network;
  network.name = text_at(*document, "name");
  if (network.name.empty()) return fail(errc::invalid_argument, "the network has no 'name'");
  if (!is_cni_name(network.name))
    return fail(errc::invalid_argument, "'{}' is not the name of a network: letters, digits, '_', '.' and '-'",
                network.name.substr(0, 64));
  GANTRY_LET(network.versions, versions_of(*document));
  GANTRY_LET(network.disable_check, flag_at(*document, "disableCheck"));
  GANTRY_LET(network.disable_gc, flag_at(*document, "disableGC"));
  GANTRY_LET(network.plugins, plugins_of(*document));
  network.document = text;
  return network;
}

} // namespace

result<network_config> parse_network(std::string_view document, std::string file) {
  if (document.size() > max_config_bytes)
    return fail(errc::invalid_argument, "CNI network of {}: {} bytes are more than {}", file, document.size(),
                max_config_bytes);
  auto network = read_network(document);
  if (!network) return within(network.error(), "CNI network of {}", file);
  network->file = std::move(file);
  return network;
}

} // namespace gantry::network::cni
