#include <algorithm>
#include <array>

#include "tools/gantry/format/template_ast.hpp"

namespace gantry::cli {

namespace {

using node = go_template::node;

constexpr std::array functions{"json",  "upper", "lower",   "title", "join", "split", "truncate", "len",
                               "index", "print", "println", "eq",    "ne",   "not",   "and",      "or"};
constexpr std::size_t depth_limit = 32;
constexpr std::string_view blanks = " \t\r\n";

tl::unexpected<error> refused(std::string_view what) {
  return fail(errc::invalid_argument, "the template is not understood at \"{}\"", what);
}

std::string_view trimmed_left(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text;
}

std::string_view trimmed_right(std::string_view text) { return text.substr(0, text.find_last_not_of(blanks) + 1); }

/// The words of one action: names, paths, literals and the single characters ( ) | , and :=.
class words {
public:
  explicit words(std::string_view action) : rest_(trimmed_left(action)) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool begins(char c) const { return !rest_.empty() && rest_[0] == c; }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_ = trimmed_left(rest_.substr(word.size()));
    return true;
  }

  std::string name() {
    auto end = std::min(rest_.find_first_of(" \t\r\n()|,:"), rest_.size());
    std::string taken(rest_.substr(0, end));
    rest_ = trimmed_left(rest_.substr(end));
    return taken;
  }

  result<std::string> quoted() {
    auto mark = rest_[0];
    std::string content;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == mark) {
        rest_ = trimmed_left(rest_.substr(i + 1));
        return content;
      }
      if (rest_[i] == '\\' && mark == '"' && ++i < rest_.size())
        content += rest_[i] == 'n' ? '\n' : rest_[i] == 't' ? '\t' : rest_[i];
      else if (i < rest_.size())
        content += rest_[i];
    }
    return refused(rest_);
  }

private:
  std::string_view rest_;
};

class parser {
public:
  explicit parser(std::string_view text) : rest_(text) {}

  result<std::vector<node>> document() {
    GANTRY_LET(auto nodes, block());
    if (!closing_.empty()) return refused(closing_);
    return nodes;
  }

private:
  result<std::vector<node>> block();
  result<std::string_view> next_action(std::vector<node>& before);
  result<node> control(std::string_view action, std::string_view keyword, node::kind type);
  result<template_pipeline> pipeline(words& from);
  result<template_command> command(words& from);
  result<template_operand> operand(words& from);
  result<template_operand> path_operand(words& from);
  static result<template_operand> literal(words& from);

  std::string_view rest_;
  std::string closing_; ///< the end, else or else-if that ended the last block
  std::size_t depth_ = 0;
};

/// Appends the text before the next {{ and returns what stands inside it; empty at the end of the template.
result<std::string_view> parser::next_action(std::vector<node>& before) {
  auto begin = rest_.find("{{");
  auto literal = rest_.substr(0, begin);
  if (begin == std::string_view::npos) {
    rest_ = {};
    if (!literal.empty()) before.push_back({.text = std::string(literal)});
    return std::string_view();
  }
  auto from = rest_.substr(begin);
  auto end = rest_.find("}}", begin);
  if (end == std::string_view::npos) return refused(from);
  auto action = rest_.substr(begin + 2, end - begin - 2);
  rest_.remove_prefix(end + 2);
  if (action.starts_with("- ")) {
    literal = trimmed_right(literal);
    action.remove_prefix(2);
  }
  if (action.ends_with(" -")) {
    rest_ = trimmed_left(rest_);
    action.remove_suffix(2);
  }
  if (!literal.empty()) before.push_back({.text = std::string(literal)});
  action = trimmed_right(trimmed_left(action));
  if (action.empty()) return refused("{{}}");
  return action;
}

result<node> parser::control(std::string_view action, std::string_view keyword, node::kind type) {
  node made{.type = type};
  words from(action.substr(keyword.size()));
  if (type == node::kind::range && from.begins('$') && action.find(":=") != std::string_view::npos) {
    made.value_variable = from.name();
    if (from.take(",")) made.key_variable = std::exchange(made.value_variable, from.name());
    if (!from.take(":=")) return refused(action);
  }
  GANTRY_LET(made.pipeline, pipeline(from));
  if (!from.empty()) return refused(from.rest());
  GANTRY_LET(made.body, block());
  if (closing_.starts_with("else if ")) {
    auto chained = closing_.substr(5);
    GANTRY_LET(auto other, control(chained, "if", node::kind::condition));
    made.otherwise.push_back(std::move(other));
    return made;
  }
  if (closing_ == "else") {
    GANTRY_LET(made.otherwise, block());
  }
  if (closing_ != "end") return refused(action);
  closing_.clear();
  return made;
}

result<std::vector<node>> parser::block() {
  if (++depth_ > depth_limit)
    return fail(errc::invalid_argument, "the template is nested more than {} deep", depth_limit);
  std::vector<node> nodes;
  closing_.clear();
  while (!rest_.empty()) {
    GANTRY_LET(auto action, next_action(nodes));
    if (action.empty()) break;
    if (action.starts_with("/*") && action.ends_with("*/")) continue;
    if (action == "end" || action == "else" || action.starts_with("else if ")) {
      closing_ = action;
      break;
    }
    if (action.starts_with("if ")) {
      GANTRY_LET(auto made, control(action, "if", node::kind::condition));
      nodes.push_back(std::move(made));
    } else if (action.starts_with("range ")) {
      GANTRY_LET(auto made, control(action, "range", node::kind::range));
      nodes.push_back(std::move(made));
    } else if (action.starts_with("with ")) {
      GANTRY_LET(auto made, control(action, "with", node::kind::with));
      nodes.push_back(std::move(made));
    } else {
      words from(action);
      GANTRY_LET(auto printed, pipeline(from));
      if (!from.empty()) return refused(from.rest());
      nodes.push_back({.type = node::kind::print, .pipeline = std::move(printed)});
    }
  }
  --depth_;
  return nodes;
}

result<template_pipeline> parser::pipeline(words& from) {
  template_pipeline made;
  do {
    GANTRY_LET(auto next, command(from));
    made.commands.push_back(std::move(next));
  } while (from.take("|"));
  return made;
}

result<template_command> parser::command(words& from) {
  template_command made;
  auto first = from.rest();
  if (!first.empty() && std::isalpha(static_cast<unsigned char>(first[0])) && !first.starts_with("true") &&
      !first.starts_with("false") && !first.starts_with("nil")) {
    made.function = from.name();
    if (std::find(functions.begin(), functions.end(), made.function) == functions.end())
      return fail(errc::invalid_argument, "the template's function \"{}\" is not known", made.function);
  }
  while (!from.empty() && !from.begins('|') && !from.begins(')')) {
    GANTRY_LET(auto next, operand(from));
    made.operands.push_back(std::move(next));
  }
  if (made.function.empty() && made.operands.size() != 1) return refused(first);
  return made;
}

result<template_operand> parser::literal(words& from) {
  template_operand made;
  made.type = template_operand::kind::literal;
  if (from.begins('"') || from.begins('`')) {
    GANTRY_LET(made.literal, from.quoted());
    return made;
  }
  auto word = from.name();
  made.literal = json::parse(word == "nil" ? "null" : word, nullptr, false);
  if (made.literal.is_discarded() || !made.literal.is_primitive()) return refused(word.empty() ? from.rest() : word);
  return made;
}

result<template_operand> parser::path_operand(words& from) {
  template_operand made;
  auto word = from.name();
  auto dot = std::min(word.find('.'), word.size());
  if (word[0] == '$') {
    made.type = template_operand::kind::variable;
    made.variable = word.substr(0, dot);
  }
  while (dot < word.size()) {
    auto next = std::min(word.find('.', dot + 1), word.size());
    if (auto step = word.substr(dot + 1, next - dot - 1); !step.empty())
      made.path.push_back(step);
    else if (word != ".")
      return refused(word);
    dot = next;
  }
  return made;
}

result<template_operand> parser::operand(words& from) {
  if (from.begins('.') || from.begins('$')) return path_operand(from);
  if (!from.begins('(')) return literal(from);
  auto begin = from.rest();
  from.take("(");
  if (++depth_ > depth_limit)
    return fail(errc::invalid_argument, "the template is nested more than {} deep", depth_limit);
  template_operand made;
  made.type = template_operand::kind::nested;
  GANTRY_LET(auto inner, pipeline(from));
  --depth_;
  if (!from.begins(')')) return refused(begin);
  from.take(")");
  if (from.begins('.')) {
    GANTRY_LET(auto path, path_operand(from));
    made.path = std::move(path.path);
  }
  made.nested.push_back(std::move(inner));
  return made;
}

} // namespace

result<go_template> go_template::parse(std::string_view text) {
  GANTRY_LET(auto nodes, parser(text).document());
  go_template made;
  made.nodes_ = std::make_shared<const std::vector<node>>(std::move(nodes));
  return made;
}

} // namespace gantry::cli
