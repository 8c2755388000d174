#include <map>

#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/table.hpp"
#include "tools/gantry/format/units.hpp"
#include "tools/gantry/stream/lines.hpp"

namespace gantry::cli {

namespace {

/// "2024-01-31T12:00:00.000000000Z container start 0123… (image=alpine, name=web)"
std::string shown_event(const json& event) {
  auto nanos = number(event, "timeNano");
  if (nanos == 0) nanos = number(event, "time") * 1'000'000'000;
  std::map<std::string, std::string> attributes;
  for (const auto& [key, value] : at(event, "Actor.Attributes").items())
    if (value.is_string()) attributes[key] = value.get<std::string>();
  std::string list;
  for (const auto& [key, value] : attributes) list += (list.empty() ? "" : ", ") + key + "=" + value;
  auto shown = fmt::format("{} {} {} {}", local_rfc3339(nanos), text(event, "Type"), text(event, "Action"),
                           text(event, "Actor.ID"));
  if (!list.empty()) shown += " (" + list + ")";
  return printable(shown);
}

class events_command : public command {
public:
  void declare(option_set& app) override {
    app.value("--since", since_, "From this time on: RFC 3339, or a duration ago as in 10m");
    app.value("--until", until_, "Up to this time");
    app.value("--format", format_, "json, or a template such as '{{.Action}}'");
    app.flag("--json", as_json_, "One JSON document a line");
    app.list("-f,--filter", filters_, "Show what matches KEY=VALUE");
  }

  result<int> execute(context& with, const operands&) override {
    GANTRY_LET(auto target, query());
    GANTRY_LET(auto answer, with.api.open({.target = std::move(target)}));
    if (as_json_) format_ = "json";
    json_lines documents(answer);
    for (;;) {
      GANTRY_LET(auto event, documents.next());
      if (event.is_discarded()) return 0;
      if (format_.empty())
        with.io.out << shown_event(event) << '\n';
      else
        GANTRY_TRY(print_formatted(event, format_, with.io.out, go_template::absence::empty)); // kinds differ in fields
      with.io.out.flush();
    }
  }

private:
  [[nodiscard]] result<std::string> query() const {
    std::string target = "/events";
    auto now = std::chrono::system_clock::now();
    for (const auto& [key, given] : {std::pair{"since", &since_}, std::pair{"until", &until_}}) {
      if (given->empty()) continue;
      auto moment = parse_moment(*given, now);
      if (!moment) return within(moment.error(), "--{}", key);
      http::add_query(target, key, *moment);
    }
    GANTRY_LET(auto filters, filters_of(filters_));
    if (!filters.empty()) http::add_query(target, "filters", filters);
    return target;
  }

  std::string since_, until_, format_;
  bool as_json_ = false;
  std::vector<std::string> filters_;
};

} // namespace

const verb events_verb{
    .operands = "", .summary = "Show what happens, as it happens", .make = make_command<events_command>};

} // namespace gantry::cli
