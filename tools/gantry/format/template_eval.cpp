#include <map>

#include "tools/gantry/format/template_ast.hpp"
#include "tools/gantry/format/template_functions.hpp"

namespace gantry::cli {

namespace {

using node = go_template::node;
using variables = std::map<std::string, json, std::less<>>;

using absence = go_template::absence;

class evaluation {
public:
  evaluation(const json& document, absence printed) : known_{{"$", document}}, printed_(printed) {}

  result<void> run(const std::vector<node>& nodes, const json& dot) {
    for (const auto& each : nodes) GANTRY_TRY(run(each, dot));
    return {};
  }

  std::string text;

private:
  result<void> run(const node& each, const json& dot);
  result<void> iterate(const node& loop, const json& over, const json& dot);
  result<json> value(const template_pipeline& pipeline, const json& dot, absence missing);
  result<json> value(const template_operand& operand, const json& dot, absence missing);

  variables known_;
  absence printed_; ///< of a field that is printed
};

result<void> evaluation::run(const node& each, const json& dot) {
  if (each.type == node::kind::text) {
    text += each.text;
    return {};
  }
  auto missing = each.type == node::kind::print ? printed_ : absence::empty;
  GANTRY_LET(auto given, value(each.pipeline, dot, missing));
  switch (each.type) {
  case node::kind::print:
    text += go_text(given);
    return {};
  case node::kind::condition:
    return run(go_truth(given) ? each.body : each.otherwise, dot);
  case node::kind::with:
    return go_truth(given) ? run(each.body, given) : run(each.otherwise, dot);
  default:
    return iterate(each, given, dot);
  }
}

result<void> evaluation::iterate(const node& loop, const json& over, const json& dot) {
  if (!go_truth(over)) return run(loop.otherwise, dot);
  if (!over.is_structured()) return fail(errc::invalid_argument, "the template's range needs a list or an object");
  auto before = known_;
  std::size_t position = 0;
  for (const auto& [key, item] : over.items()) {
    if (!loop.value_variable.empty()) known_[loop.value_variable] = item;
    if (!loop.key_variable.empty()) known_[loop.key_variable] = over.is_array() ? json(position) : json(key);
    GANTRY_TRY(run(loop.body, item));
    ++position;
  }
  known_ = std::move(before);
  return {};
}

result<json> evaluation::value(const template_operand& operand, const json& dot, absence missing) {
  json here;
  switch (operand.type) {
  case template_operand::kind::literal:
    return operand.literal;
  case template_operand::kind::dot:
    here = dot;
    break;
  case template_operand::kind::nested: {
    GANTRY_LET(here, value(operand.nested[0], dot, missing));
    break;
  }
  case template_operand::kind::variable: {
    auto found = known_.find(operand.variable);
    if (found == known_.end())
      return fail(errc::invalid_argument, "the template's variable {} is not set", operand.variable);
    here = found->second;
  }
  }
  for (const auto& step : operand.path) {
    auto found = here.is_object() ? here.find(step) : here.end();
    if (here.is_object() && found != here.end()) {
      here = json(*found);
      continue;
    }
    if (missing == absence::empty) return json();
    return fail(errc::invalid_argument, "template parsing error: the object has no field \"{}\"", step);
  }
  return here;
}

result<json> evaluation::value(const template_pipeline& pipeline, const json& dot, absence missing) {
  json piped;
  for (std::size_t i = 0; i < pipeline.commands.size(); ++i) {
    const auto& command = pipeline.commands[i];
    std::vector<json> arguments;
    for (const auto& operand : command.operands) {
      GANTRY_LET(auto argument, value(operand, dot, missing));
      arguments.push_back(std::move(argument));
    }
    if (i > 0) arguments.push_back(std::move(piped));
    if (command.function.empty() && arguments.size() != 1)
      return fail(errc::invalid_argument, "the template pipes a value into something that is no function");
    if (command.function.empty()) {
      piped = std::move(arguments[0]);
      continue;
    }
    GANTRY_LET(piped, call_template_function(command.function, arguments));
  }
  return piped;
}

} // namespace

result<std::string> go_template::execute(const json& document, absence of_a_field) const {
  evaluation run(document, of_a_field);
  GANTRY_TRY(run.run(*nodes_, document));
  return std::move(run.text);
}

} // namespace gantry::cli
