#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/network/cni/version.hpp"

/// CNI as a Kubernetes node uses it (containernetworking/cni SPEC.md 0.4.0 to 1.1.0): networks that others configured
/// in a folder, run by their plugins.
namespace gantry::network::cni {

/// One plugin of a network, as its configuration says.
struct plugin_config {
  std::string type;                   ///< the program's name
  std::set<std::string> capabilities; ///< those that it declares: it gets these runtime arguments and no others
  std::string document;               ///< its object, all fields of it
};

/// A network: its plugins, in the order in which they are run.
struct network_config {
  std::string name;
  std::string file;                   ///< for messages
  std::vector<spec_version> versions; ///< that it may be run with, oldest first; never empty; the last one is used
  bool disable_check = false, disable_gc = false;
  std::vector<plugin_config> plugins;
  std::string document; ///< as it was read. To be kept with what an attachment gave: its removal goes by the same.

  [[nodiscard]] spec_version version() const { return versions.back(); }
};

inline constexpr std::size_t max_config_bytes = 1 << 20, max_config_files = 256, max_plugins = 64;

/// Reads a network's document: a list (`plugins`), or one plugin's configuration as a list of that one (before 1.0).
/// Errors: invalid_argument naming `file` and what is wrong.
result<network_config> parse_network(std::string_view document, std::string file);

/// What a folder of configurations holds.
struct folder_content {
  std::vector<network_config> networks; ///< in the order of their files' names: the first one is the default network
  std::vector<error> refused;           ///< the files that were passed over
  std::string fingerprint;              ///< fingerprint_of the folder before it was read

  /// The default network. Errors: not_found naming the folder and why each file was passed over.
  [[nodiscard]] result<network_config> default_network(std::string_view folder) const;
};

/// Reads *.conflist, *.conf and *.json; of two networks of one name the first counts. A folder that does not exist is
/// empty. Blocks on small files.
folder_content load_folder(const std::string& folder);

/// Differs when a file was added, removed or changed: inodes, sizes and times of the folder's candidates. A stat(2)
/// each.
std::string fingerprint_of(const std::string& folder);

} // namespace gantry::network::cni
