#include "runtime/network/cni/sequence.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/network/cni/arguments.hpp"
#include "runtime/network/cni/failure.hpp"

namespace gantry::network::cni {
namespace {

/// Plugins wait for their daemons, for a lease or for iptables' lock; the kubelet waits for two minutes.
constexpr std::chrono::seconds patience{100};

/// Whether there is anything to call at all.
bool applies(const network_config& network, verb what) {
  switch (what) {
  case verb::check:
    return network.version() >= first_with_check && !network.disable_check;
  case verb::status:
    return network.version() >= first_with_status;
  case verb::gc:
    return network.version() >= first_with_cleaning && !network.disable_gc;
  default:
    return true;
  }
}

result<std::string> find_plugin(const std::string& type, const plugin_folders& folders) {
  for (const auto& folder : folders) {
    auto path = folder + "/" + type;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(errc::not_found, "CNI plugin {} is in none of {}", type, fmt::join(folders, ", "));
}

/// The add's result for those who come after it. A del does without one that cannot be read.
result<std::optional<json>> previous_for(const network_config& network, const operation& what) {
  if (what.what != verb::check && what.what != verb::del) return std::optional<json>();
  auto previous = parse_document(what.previous);
  if (what.what == verb::check && !previous)
    return fail(errc::failed_precondition, "{}: what its attachment to {} gave is not known", what.end.id,
                network.name);
  if (network.version() < first_with_check) return std::optional<json>();
  return previous;
}

} // namespace

result<sequence> sequence::plan(const network_config& network, const plugin_folders& folders, operation what) {
  sequence made;
  made.what_ = what.what;
  made.network_ = fmt::format("{} ({})", network.name, network.file);
  if (what.what == verb::version) made.spoken_ = network.versions;
  if (!applies(network, what.what)) return made;
  GANTRY_LET(made.environment_, environment_of(what, folders));
  GANTRY_TRY(made.prepare(network, folders, what));
  return made;
}

result<void> sequence::prepare(const network_config& network, const plugin_folders& folders, const operation& what) {
  GANTRY_LET(const auto previous, previous_for(network, what));
  for (const auto& plugin : network.plugins) {
    auto path = find_plugin(plugin.type, folders);
    if (!path && !goes_on()) return within(path.error(), "network {}", network_);
    if (!path) {
      (void)failed(path.error());
      continue;
    }
    auto document = execution_document(network, plugin, what);
    document.erase("prevResult");
    if (previous) document["prevResult"] = *previous;
    calls_.push_back({plugin.type, std::move(*path), text_of(document)});
  }
  if (what_ == verb::del) std::reverse(calls_.begin(), calls_.end());
  return {};
}

std::optional<monitor::run_process> sequence::next() {
  if (at_ >= calls_.size()) return std::nullopt;
  const auto& due = calls_[at_];
  monitor::run_process request;
  request.argv = {due.path};
  request.env = environment_;
  request.input = due.input;
  request.timeout = patience;
  if (what_ == verb::add && !previous_.empty()) {
    auto document = parse_document(due.input).value_or(json::object());
    document["prevResult"] = parse_document(previous_).value_or(json::object());
    request.input = text_of(document);
  }
  return request;
}

result<void> sequence::feed(const result<monitor::process_result>& answer) {
  if (at_ >= calls_.size()) return {};
  const auto& plugin = calls_[at_++].plugin;
  if (!answer) return failed({answer.error().code, "CNI plugin " + plugin + ": " + answer.error().message, 0});
  if (what_ == verb::version) return narrow(plugin, answer->output);
  if (answer->exit_code != 0) return failed(cni_failure(plugin, *answer));
  if (what_ != verb::add) return {};
  if (!parse_document(answer->output))
    return failed({errc::corrupt, fmt::format("CNI plugin {}: what it answered is no result", plugin), 0});
  previous_ = answer->output;
  return {};
}

/// Keeps the first failure. Where a failure ends the sequence, it is returned too.
result<void> sequence::failed(error why) {
  why.message = fmt::format("network {}: {}", network_, why.message);
  if (outcome_) outcome_ = tl::unexpected<error>(std::move(why));
  if (goes_on()) return {};
  at_ = calls_.size();
  return outcome_;
}

/// Plugins from before 0.2.0 do not know VERSION: they speak that one version alone.
result<void> sequence::narrow(const std::string& plugin, std::string_view answer) {
  const auto document = parse_document(answer).value_or(json::object());
  const auto found = document.find("supportedVersions");
  const auto speaks = [&](spec_version version) {
    if (found == document.end() || !found->is_array()) return version == spec_version::v0_1_0;
    return std::any_of(found->begin(), found->end(), [version](const json& one) {
      return one.is_string() && one.get<std::string>() == to_string(version);
    });
  };
  std::erase_if(spoken_, [&](spec_version version) { return !speaks(version); });
  if (!spoken_.empty()) return {};
  return failed(
      {errc::failed_precondition,
       fmt::format("CNI plugin {} speaks none of the versions that the network and its other plugins do", plugin), 0});
}

} // namespace gantry::network::cni
