#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// RestartPolicy, of a creation or an update.
namespace gantry::docker::parts {
namespace {

result<restart_policy::kind> policy_named(const std::string& name) {
  if (name.empty() || name == "no") return restart_policy::kind::no;
  if (name == "always") return restart_policy::kind::always;
  if (name == "unless-stopped") return restart_policy::kind::unless_stopped;
  if (name == "on-failure") return restart_policy::kind::on_failure;
  return fail(errc::invalid_argument,
              "invalid restart policy: unknown policy {}; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
              quote(name));
}

} // namespace

result<void> read_restart(object policy, restart_policy& into) {
  json_fields fields(policy);
  std::string name;
  std::int64_t retries = 0;
  fields.read("Name", name);
  fields.read("MaximumRetryCount", retries, -1'000'000'000, 1'000'000'000);
  GANTRY_TRY(checked(fields, "RestartPolicy"));
  GANTRY_LET(into.name, policy_named(name));
  if (retries != 0 && into.name != restart_policy::kind::on_failure)
    return fail(errc::invalid_argument,
                "invalid restart policy: maximum retry count can only be used with 'on-failure'");
  if (retries < 0)
    return fail(errc::invalid_argument, "invalid restart policy: maximum retry count cannot be negative");
  into.maximum_retries = static_cast<int>(retries);
  return {};
}

} // namespace gantry::docker::parts
