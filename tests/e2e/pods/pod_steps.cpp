// Pods without a door: an engine in this process that does what its standard input says, each line in a thread of its
// own, so that a test may ask for many things at once, or for the same twice, or kill it in between.
//
//     gantry-pod-steps FOLDER CGROUP_PARENT CNI_CONFIG [RUNTIME]
//
// A line is TAG VERB [ARGUMENT…]; its answer TAG ok [WORD…], or TAG code message.
//     pull IMAGE                     run NAME [node]                 create POD NAME IMAGE ARG…
//     start CONTAINER                stop POD                        remove POD
//     pods (id=name=phase=address=namespace …)                       containers (id=pod=state=exit code …)

#include <cstdio>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "api/engine.hpp"

namespace {

using namespace gantry;
using words = std::vector<std::string>;

void say(const std::string& line) {
  static std::mutex one_at_a_time;
  std::lock_guard lock(one_at_a_time);
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

class session {
public:
  explicit session(engine& on) : on_(on), actors_(must(ask<engine_actors>(on.handle(), ask_actors{}))) {}

  result<std::string> perform(const words& line) {
    const auto& verb = line.at(1);
    if (verb == "pull") return pull(line.at(2));
    if (verb == "run") return run(line);
    if (verb == "create") return create(line);
    if (verb == "start") return start(line.at(2));
    if (verb == "stop") return told(ask<done>(actors_.pods, stop_pod{pods_namespace, line.at(2)}));
    if (verb == "remove") return told(ask<done>(actors_.pods, remove_pod{pods_namespace, line.at(2)}));
    if (verb == "pods") return list_all_pods();
    if (verb == "containers") return list_all_containers();
    return fail(errc::invalid_argument, "unknown verb {}", verb);
  }

private:
  template<class T>
  static T must(result<T> r) {
    if (r) return std::move(*r);
    say("- " + std::string(to_string(r.error().code)) + " " + r.error().message);
    std::exit(1);
  }
  template<class Reply, class Handle, class Request>
  result<Reply> ask(const Handle& to, Request request) {
    caf::scoped_actor self{on_.system()};
    result<Reply> answer = fail(errc::internal, "no answer");
    self->request(to, caf::infinite, std::move(request))
        .receive([&](Reply& reply) { answer = std::move(reply); },
                 [&](caf::error& e) { answer = tl::unexpected<error>(from_caf(e)); });
    return answer;
  }
  static result<std::string> told(const result<done>& r) {
    if (!r) return tl::unexpected<error>(r.error());
    return std::string();
  }

  result<std::string> pull(const std::string& image) {
    GANTRY_TRY(on_.pull(pods_namespace, image));
    return std::string();
  }
  result<std::string> run(const words& line) {
    run_pod request{pods_namespace, {}, "test"};
    request.options.metadata = {line.at(2), "uid-" + line.at(2), "default", 0};
    request.options.hostname = line.at(2);
    if (line.size() > 3) request.options.network = namespace_mode::node;
    GANTRY_LET(auto made, ask<pod_running>(actors_.pods, std::move(request)));
    return made.name.id;
  }
  result<std::string> create(const words& line) {
    create_pod_container request{{}, "test"};
    request.options.in_pod.pod = {pods_namespace, line.at(2)};
    request.options.in_pod.name = line.at(3);
    request.options.image = line.at(4);
    request.options.cmd.assign(line.begin() + 5, line.end());
    GANTRY_LET(auto made, ask<created>(actors_.pods, std::move(request)));
    return made.name.id;
  }
  result<std::string> start(const std::string& id) {
    GANTRY_LET(auto found, ask<found_container>(actors_.catalog, find_container{pods_namespace, id}));
    return told(ask<done>(found.sandbox, start_container{"test", found.name}));
  }
  result<std::string> list_all_pods() {
    GANTRY_LET(auto table, ask<pod_table_ptr>(actors_.pods, list_pods{pods_namespace}));
    std::string text;
    for (const auto& pod : table->rows)
      text += fmt::format(" {}={}={}={}={}", pod->name.id, pod->options.metadata.name, static_cast<int>(pod->now),
                          pod->addresses.empty() ? "" : pod->addresses.front(), pod->network_namespace);
    return text;
  }
  result<std::string> list_all_containers() {
    GANTRY_LET(auto table, ask<container_table_ptr>(actors_.catalog, list_containers{pods_namespace}));
    std::string text;
    for (const auto& row : table->rows)
      text +=
          fmt::format(" {}={}={}={}", row->name.id, row->sandbox.id, to_string(row->state.now), row->state.exit_code);
    return text;
  }

  engine& on_;
  engine_actors actors_;
};

void answer(session& with, const std::string& line) {
  std::istringstream in(line);
  words parts;
  for (std::string word; in >> word;) parts.push_back(word);
  if (parts.size() < 2) return;
  auto r = with.perform(parts);
  if (r)
    say(parts[0] + " ok " + *r);
  else
    say(parts[0] + " " + std::string(to_string(r.error().code)) + " " + r.error().message);
}

} // namespace

int main(int count, char** arguments) {
  if (count < 4) return 2;
  engine_options options;
  options.root = std::string(arguments[1]) + "/root";
  options.run_dir = std::string(arguments[1]) + "/run";
  options.cgroup_parent = arguments[2];
  options.cni_config = arguments[3];
  if (count > 4) options.default_runtime = arguments[4];
  options.monitors = 2;
  auto started = engine::start(std::move(options));
  if (!started) return say("- " + started.error().message), 1;
  {
    session with(**started);
    say("- ready");
    std::vector<std::thread> asked;
    for (std::string line; std::getline(std::cin, line);) asked.emplace_back([&with, line] { answer(with, line); });
    for (auto& one : asked) one.join();
  }
  return 0;
}
