#pragma once

#include <string>
#include <vector>

#include "tools/gantry/format/template.hpp"

namespace gantry::cli {

struct template_pipeline;

/// What a command is applied to: `.A.B`, `$x.A`, a literal, or a pipeline in parentheses.
struct template_operand {
  enum class kind { dot, variable, literal, nested };
  kind type = kind::dot;
  std::string variable = {};          ///< with its $; "$" is the whole document
  std::vector<std::string> path = {}; ///< fields, followed in order
  json literal = {};
  std::vector<template_pipeline> nested; ///< one, for kind::nested
};

/// A function and its arguments; without a function, one operand as it is.
struct template_command {
  std::string function;
  std::vector<template_operand> operands;
};

struct template_pipeline {
  std::vector<template_command> commands;
};

struct go_template::node {
  enum class kind { text, print, condition, range, with };
  kind type = kind::text;
  std::string text = {};
  template_pipeline pipeline = {};
  std::string key_variable = {}, value_variable = {}; ///< of range; empty: none
  std::vector<node> body = {}, otherwise = {};
};

} // namespace gantry::cli
