#include "runtime/spec/process.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "runtime/spec/paths.hpp"

namespace gantry::spec {
namespace {

constexpr auto default_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t max_variables = 65'536;

std::uint64_t limit_value(std::int64_t value) {
  return value < 0 ? static_cast<std::uint64_t>(RLIM_INFINITY) : static_cast<std::uint64_t>(value);
}

std::string limit_text(std::uint64_t value) {
  return value == static_cast<std::uint64_t>(RLIM_INFINITY) ? "unlimited" : std::to_string(value);
}

result<void> check_limit(const ulimit& one, const host_facts& facts) {
  if (!facts.limits.contains(one.name))
    return fail(errc::invalid_argument, "ulimit '{}' is not known: use a name of getrlimit(2) such as nofile=1024:2048",
                one.name.substr(0, 64));
  if (one.soft < -1 || one.hard < -1)
    return fail(errc::invalid_argument, "ulimit {}={}:{} is negative: use -1 for unlimited", one.name, one.soft,
                one.hard);
  if (limit_value(one.soft) > limit_value(one.hard))
    return fail(errc::invalid_argument, "ulimit {}: the soft limit must be at most the hard limit: {} > {}", one.name,
                limit_text(limit_value(one.soft)), limit_text(limit_value(one.hard)));
  return {};
}

json limit_json(const ulimit& one, const host_facts& facts, std::vector<std::string>& warnings) {
  auto soft = limit_value(one.soft), hard = limit_value(one.hard);
  const auto own = facts.limits.at(one.name).hard;
  if (hard > own && !facts.sys_resource) {
    warnings.push_back(fmt::format("ulimit {}: hard limit {} is above this host's {} and the engine lacks "
                                   "CAP_SYS_RESOURCE: using {}",
                                   one.name, limit_text(hard), limit_text(own), limit_text(own)));
    hard = own;
    soft = std::min(soft, own);
  }
  std::string type = "RLIMIT_" + one.name;
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return {{"type", type}, {"hard", hard}, {"soft", soft}};
}

} // namespace

result<std::vector<std::string>> merge_arguments(const container_options& options, const image_config& image) {
  const bool reset = options.entrypoint && options.entrypoint->size() == 1 && options.entrypoint->front().empty();
  const bool own_entrypoint = options.entrypoint && !options.entrypoint->empty();
  std::vector<std::string> args;
  if (!options.entrypoint)
    args = image.entrypoint;
  else if (!reset)
    args = *options.entrypoint;
  const auto& command = options.cmd.empty() && !own_entrypoint ? image.cmd : options.cmd;
  args.insert(args.end(), command.begin(), command.end());
  if (args.empty()) return fail(errc::invalid_argument, "no command specified");
  GANTRY_TRY(check_texts(args, "the command"));
  return args;
}

void set_variable(std::vector<std::string>& env, const std::string& assignment) {
  const auto equals = assignment.find('=');
  const auto name = std::string_view(assignment).substr(0, equals);
  const auto same = [&](const std::string& one) {
    return one.size() > name.size() && one[name.size()] == '=' && one.starts_with(name);
  };
  const auto found = std::find_if(env.begin(), env.end(), same);
  if (equals == std::string::npos)
    std::erase_if(env, same);
  else if (found != env.end())
    *found = assignment;
  else
    env.push_back(assignment);
}

const char* variable(const std::vector<std::string>& env, std::string_view name) {
  for (const auto& one : env)
    if (one.size() > name.size() && one[name.size()] == '=' && one.starts_with(name))
      return one.c_str() + name.size() + 1;
  return nullptr;
}

result<std::vector<std::string>> merge_environment(const spec_input& input, const std::string& home) {
  const auto& options = input.options;
  if (options.env.size() > max_variables || input.image.env.size() > max_variables)
    return fail(errc::invalid_argument, "more than {} environment variables", max_variables);
  std::vector<std::string> env = {default_path, "HOSTNAME=" + input.hostname};
  if (options.tty) env.emplace_back("TERM=xterm");
  env.push_back("HOME=" + home);
  for (const auto* list : {&input.image.env, &options.env})
    for (const auto& assignment : *list) {
      GANTRY_TRY(check_text(assignment, "an environment variable"));
      if (assignment.empty() || assignment.front() == '=')
        return fail(errc::invalid_argument, "invalid environment variable '{}': write NAME=value",
                    assignment.substr(0, 64));
      set_variable(env, assignment);
    }
  return env;
}

result<std::string> working_directory(const container_options& options, const image_config& image) {
  const auto& asked = options.working_dir;
  GANTRY_TRY(check_text(asked, "the working directory"));
  if (!asked.empty() && asked.front() != '/')
    return fail(errc::invalid_argument, "the working directory '{}' is invalid, it needs to be an absolute path",
                asked.substr(0, 256));
  return clean_path(asked.empty() ? image.working_dir : asked);
}

json capabilities_json(capability_set set, capability_set ambient, std::uint32_t uid) {
  const json names = names_of(set | ambient), kept = names_of(ambient);
  json sets = {{"bounding", names}};
  if (uid == 0 || ambient != 0)
    for (const auto* in_force : {"effective", "permitted"}) sets[in_force] = uid == 0 ? names : kept;
  if (ambient != 0)
    for (const auto* held : {"inheritable", "ambient"}) sets[held] = kept;
  return sets;
}

void set_console(json& process, const console_size& size) {
  if (size != console_size{}) process["consoleSize"] = {{"height", size.height}, {"width", size.width}};
}

json user_json(const process_user& who) { return {{"uid", who.uid}, {"gid", who.gid}, {"additionalGids", who.groups}}; }

result<json> rlimits_json(const spec_input& input, std::vector<std::string>& warnings) {
  std::map<std::string_view, const ulimit*> by_name;
  for (const auto& one : input.default_ulimits) by_name[one.name] = &one;
  for (const auto& one : input.options.ulimits) by_name[one.name] = &one;
  auto list = json::array();
  for (const auto& [name, one] : by_name) {
    GANTRY_TRY(check_limit(*one, input.facts));
    list.push_back(limit_json(*one, input.facts, warnings));
  }
  return list;
}

result<int> oom_score(const spec_input& input, std::vector<std::string>& warnings) {
  const int asked = input.options.oom_score_adj.value_or(0);
  if (asked < -1000 || asked > 1000)
    return fail(errc::invalid_argument, "invalid oom-score-adj {}: use a number from -1000 to 1000", asked);
  if (asked >= input.facts.oom_score_adj || input.facts.sys_resource) return asked;
  if (input.options.oom_score_adj)
    warnings.push_back(fmt::format("oom-score-adj {} is below the engine's own {} and the engine lacks "
                                   "CAP_SYS_RESOURCE: using {}",
                                   asked, input.facts.oom_score_adj, input.facts.oom_score_adj));
  return input.facts.oom_score_adj;
}

std::string to_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

} // namespace gantry::spec
