#include <simdjson.h>

#include "runtime/spec/paths.hpp"
#include "runtime/spec/process.hpp"

// The process of an exec, derived from the container's.

namespace gantry::spec {
namespace {

constexpr std::size_t max_document = 8u << 20;

result<void> set_user(json& process, const exec_options& options, std::string_view container_user,
                      const merged_view& root, std::vector<std::string>& env) {
  if (options.user.empty() || options.user == container_user) return {};
  GANTRY_LET(const auto who, resolve_user(options.user, {}, root));
  process["user"] = user_json(who);
  // HOME follows the user, unless the image or the container's user chose it.
  const auto before = resolve_user(container_user, {}, root);
  const char* const home = variable(env, "HOME");
  if (home == nullptr || (before && before->home == home)) set_variable(env, "HOME=" + who.home);
  return {};
}

capability_set set_at(const json& capabilities, const char* name) {
  capability_set set = 0;
  for (const auto& one : capabilities.value(name, json::array()))
    if (const auto number = capability_number(one.get_ref<const std::string&>())) set |= capability_set{1} << *number;
  return set;
}

void set_capabilities(json& process, const exec_options& options, const host_facts& facts) {
  static const std::vector<std::string> none;
  const auto held = process.value("capabilities", json::object());
  auto set = set_at(held, "bounding");
  if (options.privileged)
    if (const auto all = effective_capabilities({none, none, true}, facts)) set = *all;
  process["capabilities"] =
      capabilities_json(set, set_at(held, "ambient"), process["user"]["uid"].get<std::uint32_t>());
}

result<void> set_environment(std::vector<std::string>& env, const exec_options& options) {
  if (options.tty && variable(env, "TERM") == nullptr) set_variable(env, "TERM=xterm");
  for (const auto& assignment : options.env) {
    GANTRY_TRY(check_text(assignment, "an environment variable"));
    if (assignment.empty() || assignment.front() == '=')
      return fail(errc::invalid_argument, "invalid environment variable '{}': write NAME=value",
                  assignment.substr(0, 64));
    set_variable(env, assignment);
  }
  return {};
}

result<std::string> derive(json process, const exec_options& options, std::string_view container_user,
                           const merged_view& root, const host_facts& facts) {
  auto env = process["env"].get<std::vector<std::string>>();
  GANTRY_TRY(set_user(process, options, container_user, root, env));
  GANTRY_TRY(set_environment(env, options));
  process["env"] = std::move(env);
  process["args"] = options.args;
  process["terminal"] = options.tty;
  if (options.tty) set_console(process, options.console);
  if (!options.working_dir.empty()) process["cwd"] = clean_path(options.working_dir);
  set_capabilities(process, options, facts);
  return to_text(process);
}

} // namespace

result<std::string> exec_process_json(std::string_view process_json, const exec_options& options,
                                      std::string_view container_user, const merged_view& root,
                                      const host_facts& facts) {
  if (options.args.empty()) return fail(errc::invalid_argument, "no exec command specified");
  GANTRY_TRY(check_texts(options.args, "the command"));
  GANTRY_TRY(check_text(options.working_dir, "the working directory"));
  if (!options.working_dir.empty() && options.working_dir.front() != '/')
    return fail(errc::invalid_argument, "the working directory '{}' is invalid, it needs to be an absolute path",
                options.working_dir.substr(0, 256));
  auto process = json::parse(process_json.begin(), process_json.end(), nullptr, false);
  try { // nlohmann reports a member of another type by an exception
    if (process.is_discarded()) return fail(errc::corrupt, "the container's process is not JSON");
    return derive(std::move(process), options, container_user, root, facts);
  } catch (const json::exception& broken) {
    return fail(errc::corrupt, "the container's process is not as the engine wrote it: {}", broken.what());
  }
}

result<std::string> process_of(std::string_view config_json) {
  simdjson::dom::parser parser(max_document);
  simdjson::dom::element process;
  if (parser.parse(config_json.data(), config_json.size())["process"].get(process) || !process.is_object())
    return fail(errc::corrupt, "config.json has no process: it was not written by this engine");
  return simdjson::minify(process);
}

} // namespace gantry::spec
