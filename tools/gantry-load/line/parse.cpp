#include "tools/gantry-load/line/parse.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace gantry::load {

namespace {

constexpr std::string_view description =
    "gantry-load puts load on a container engine through the Docker Engine API and says how it did: rates, latencies "
    "by\n"
    "stage, refusals, errors, and what the engine's processes used. Gantry, dockerd and podman take the same load.";

constexpr std::string_view footer =
    R"(Scenarios:
  churn   each unit creates, starts, waits for and removes a container
  hold    starts --count containers that sleep, holds them for --seconds (5), reports memory per container, removes them
  exec    each unit runs --cmd in one of --containers running containers

Closed loop (default): --in-flight units at a time, the next one when one ends.
Open loop (--rate): units come as a Poisson process, whatever the engine does. Latencies count from the moment at which
a unit should have begun, so a slow engine cannot hide its queue. Arrivals over --max-in-flight are shed and counted.

Stages: create (until its answer), start (the call), create to start (until start's answer), start to exit (seen by a wait that is in force before the start),
create to exit, status (exec: the inspect), remove, whole.

Exit status: 0 fine (also when interrupted and nothing failed); 1 failures, or containers left over (they are removed);
2 wrong usage. Refusals (HTTP 429) are no failures. Ctrl-C ends the run, removes its containers and reports.

Example:
  gantry-load --host unix:///run/gantry/gantry.sock --image alpine --count 1000 --in-flight 32 --network none churn)";

/// The values that need a look after CLI11's.
struct raw_values {
  std::string host, cmd, idle_cmd = "sleep 100000", scenario, watch, settle;
  double timeout = 120;
  bool no_watch = false, version = false;
};

void declare_load(CLI::App& app, settings& into, raw_values& raw) {
  app.add_option("SCENARIO", raw.scenario, "churn, hold or exec")->check(CLI::IsMember({"churn", "hold", "exec"}));
  app.add_option("-H,--host", raw.host, "The engine's socket (default: $GANTRY_HOST, $DOCKER_HOST, Gantry's)");
  app.add_option("--image", into.image, "The containers' image; it must be there");
  app.add_option("--run-id", into.run_id, "The value of the containers' label gantry-load (default: random)");
  app.add_option("--cmd", raw.cmd,
                 "The command: words with quotes, or a JSON list (churn, exec: true; hold: sleep 100000)");
  app.add_option("--count", into.count, "How many units");
  app.add_option("--seconds", into.seconds, "How long units begin; hold: how long they are held")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--in-flight", into.in_flight, "Closed loop: units at a time (16)")->check(CLI::Range(1, 100000));
  app.add_option("--rate", into.rate, "Open loop: arrivals a second")->check(CLI::PositiveNumber);
  app.add_option("--seed", into.seed, "Open loop: the same seed has the same arrivals (1)");
  app.add_option("--max-in-flight", into.max_in_flight, "Open loop: units at a time (1000)")
      ->check(CLI::Range(1, 100000));
  app.add_option("--containers", into.containers, "exec: containers to exec in (1)")->check(CLI::Range(1, 100000));
  app.add_option("--idle-cmd", raw.idle_cmd, "exec: what those run (sleep 100000)");
  app.add_flag("--retry-429", into.retry_429, "Ask again when refused, after Retry-After; its time counts");
  app.add_option("--timeout", raw.timeout, "Seconds for each request, and for a container to exit (120)")
      ->check(CLI::PositiveNumber);
  app.add_option("--expect-exit", into.expect_exit, "The exit status that is success (0)");
  app.add_option("--wait", into.wait, "churn: next-exit, asked before start (default), or not-running, after it")
      ->check(CLI::IsMember({"next-exit", "not-running"}));
}

void declare_container(CLI::App& app, settings& into) {
  app.add_option("--network", into.network, "none, host, bridge, or a network's name");
  app.add_option("--memory", into.memory, "Memory limit: bytes, or with k, m, g")->transform(CLI::AsSizeValue(false));
  app.add_option("--pids-limit", into.pids_limit, "Limit of processes");
  app.add_flag("--read-only", into.read_only, "Without a writable layer");
  app.add_option("--runtime", into.runtime, "The OCI runtime's name");
}

void declare_results(CLI::App& app, settings& into, raw_values& raw) {
  app.add_option("--watch", raw.watch,
                 "Names of processes to sample, comma-separated (default: what listens on the socket and its\n"
                 "gantry-monitor, gantry-zygote, containerd, containerd-shim, conmon, dockerd, podman)");
  app.add_option(
      "--settle", raw.settle,
      "Folders (of the engine's snapshots, of cgroups), comma-separated: wait at the end until none has more\n"
      "folders in it than before the run, and say how long that took");
  app.add_flag("--no-watch", raw.no_watch, "Sample no processes");
  app.add_option("--json", into.json, "Write all results as JSON to this file; -: standard output, without the table");
  app.add_option("--csv", into.csv, "Write the latencies as CSV to this file; -: standard output");
  app.add_flag("--version", raw.version, "Print the version");
  app.set_help_flag("-h,--help", "Print this help");
}

result<std::vector<std::string>> words_of(const std::string& option, const std::string& text) {
  if (!text.starts_with('[')) {
    auto words = CLI::detail::split_up(text);
    for (auto& word : words) CLI::detail::remove_quotes(word);
    return words;
  }
  auto list = nlohmann::json::parse(text, nullptr, false);
  bool strings = list.is_array() && std::all_of(list.begin(), list.end(), [](const auto& w) { return w.is_string(); });
  if (!strings) return fail(errc::invalid_argument, "{}: {} is no JSON list of strings", option, text);
  return list.get<std::vector<std::string>>();
}

result<std::string> socket_of(std::string host, const std::function<const char*(const char*)>& variable) {
  for (const auto* name : {"GANTRY_HOST", "DOCKER_HOST"})
    if (const auto* value = variable(name); host.empty() && value != nullptr) host = value;
  if (host.empty()) host = "unix:///run/gantry/gantry.sock";
  if (host.starts_with("unix://")) host.erase(0, 7);
  if (!host.starts_with('/')) return fail(errc::invalid_argument, "--host {}: write unix:///path/of/a/socket", host);
  return host;
}

result<void> check_loop(settings& into) {
  bool open = into.open_loop(), hold = into.what == scenario::hold;
  if (into.image.empty()) return fail(errc::invalid_argument, "--image is needed");
  if (hold && into.count == 0) return fail(errc::invalid_argument, "hold needs --count: how many containers");
  if (into.count == 0 && into.seconds == 0)
    return fail(errc::invalid_argument, "how much? Give --count, --seconds, or both");
  if (!open && into.max_in_flight != 0)
    return fail(errc::invalid_argument, "--max-in-flight belongs to the open loop: give --rate, or --in-flight");
  if (into.max_in_flight == 0) into.max_in_flight = 1000;
  if (hold && into.seconds == 0) into.seconds = 5;
  if (into.json == "-" && into.csv == "-")
    return fail(errc::invalid_argument, "--json and --csv cannot both go to standard output");
  return {};
}

result<settings> finish(settings into, const raw_values& raw, const std::function<const char*(const char*)>& variable) {
  if (raw.scenario.empty()) return fail(errc::invalid_argument, "which scenario: churn, hold or exec?");
  into.what = raw.scenario == "churn" ? scenario::churn : raw.scenario == "hold" ? scenario::hold : scenario::exec;
  GANTRY_LET(into.socket, socket_of(raw.host, variable));
  auto cmd = raw.cmd.empty() ? (into.what == scenario::hold ? "sleep 100000" : "true") : raw.cmd;
  GANTRY_LET(into.cmd, words_of("--cmd", cmd));
  GANTRY_LET(into.idle_cmd, words_of("--idle-cmd", raw.idle_cmd));
  into.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(raw.timeout * 1e3));
  into.watch_any = !raw.no_watch;
  if (!raw.watch.empty()) into.watch = CLI::detail::split(raw.watch, ',');
  if (!raw.settle.empty()) into.settle = CLI::detail::split(raw.settle, ',');
  for (const auto& folder : into.settle)
    if (!folder.starts_with('/')) return fail(errc::invalid_argument, "--settle {}: write whole paths", folder);
  if (into.wait.empty()) into.wait = "next-exit";
  GANTRY_TRY(check_loop(into));
  return into;
}

} // namespace

result<parsed_line> parse_line(std::vector<std::string> arguments,
                               const std::function<const char*(const char*)>& variable) {
  CLI::App app{std::string(description), "gantry-load"};
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.footer(std::string(footer));
  settings into;
  raw_values raw;
  declare_load(app, into, raw);
  declare_container(app, into);
  declare_results(app, into, raw);
  std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return parsed_line{std::nullopt, app.help()};
  } catch (const CLI::Error& refused) {
    return fail(errc::invalid_argument, "{}", refused.what());
  }
  if (raw.version) return parsed_line{std::nullopt, "gantry-load version " GANTRY_VERSION "\n"};
  GANTRY_LET(auto run, finish(std::move(into), raw, variable));
  return parsed_line{std::move(run), {}};
}

} // namespace gantry::load
