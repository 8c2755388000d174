#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/create_container.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/table.hpp"
#include "tools/gantry/options/create_options.hpp"

namespace gantry::cli {

namespace {

constexpr std::size_t value_width = 48;

/// The value at an RFC 6901 pointer, in one line.
std::string value_at(const json& document, const std::string& pointer) {
  try {
    return to_line(document.at(json::json_pointer(pointer)));
  } catch (const json::exception&) {
    return "-"; // a note on what is absent
  }
}

void print_notes(std::ostream& to, const json& answer) {
  const auto& config = at(answer, "config");
  std::vector<std::vector<std::string>> lines{{"POINTER", "VALUE", "ORIGIN", "WHY"}};
  for (const auto& note : at(answer, "notes")) {
    auto pointer = text(note, "pointer");
    lines.push_back(
        {pointer, ellipsis(value_at(config, pointer), value_width), text(note, "origin"), text(note, "why")});
  }
  to << render_table(lines);
}

class spec_command : public command {
public:
  void declare(option_set& app) override {
    declare_create_options(app, options_);
    app.flag("--explain", explain_, "Say of each field where it came from");
    app.flag("--json", as_json_, "The daemon's whole answer in one line");
  }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto body,
               create_body(options_, given[0], {given.begin() + 1, given.end()}, surroundings::of_process()));
    std::string target = "/gantry/spec";
    if (explain_) http::add_query(target, "explain", "1");
    if (!options_.name.empty()) http::add_query(target, "name", options_.name);
    GANTRY_LET(auto answer, call_with_image(with, options_, text(body, "Image"), [&] {
                 return with.api.call({.method = "POST", .target = target, .body = to_line(body), .versioned = false});
               }));
    for (const auto& warning : at(answer, "warnings"))
      if (warning.is_string()) with.io.err << "WARNING: " << warning.get<std::string>() << '\n';
    if (as_json_)
      with.io.out << to_line(answer) << '\n';
    else if (explain_)
      print_notes(with.io.out, answer);
    else
      with.io.out << to_pretty(at(answer, "config"), 2) << '\n';
    return 0;
  }

private:
  create_options options_;
  bool explain_ = false, as_json_ = false;
};

} // namespace

const verb spec_verb{.operands = "IMAGE [COMMAND] [ARG...]",
                     .summary = "Show the config.json that run would use, and where each field comes from",
                     .least = 1,
                     .most = any_number,
                     .make = make_command<spec_command>,
                     .where = verb::order::options_first,
                     .completes = "image"};

} // namespace gantry::cli
