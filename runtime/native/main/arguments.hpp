#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::oci_program {

/// An option of a command line as runc's flag package reads it: "-name", "--name", "--name value", "--name=value".
struct option_spec {
  std::string_view name, letter;
  bool takes_value = false;
};

/// What was given. Options end at the first other word.
struct arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> options;
  std::vector<std::string> rest;

  [[nodiscard]] bool has(std::string_view name) const;
  /// The last value given; empty: none.
  [[nodiscard]] std::string value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
};

/// Errors: invalid_argument for an option that is not in `known`, or lacks its value.
result<arguments> parse_arguments(const std::vector<std::string>& words, const std::vector<option_spec>& known);

} // namespace gantry::oci_program
