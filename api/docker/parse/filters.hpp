#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::docker {

/// The `filters` parameter: {"status":["running"]} or, of old clients, {"status":{"running":true}}. Pure.
class filters {
public:
  /// An empty text is no filter. Errors: invalid_argument.
  static result<filters> parse(std::string_view text);

  /// Errors: invalid_argument "invalid filter 'x'" for a name that is not among `known`.
  [[nodiscard]] result<void> check(std::initializer_list<std::string_view> known) const;

  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
  [[nodiscard]] const std::set<std::string>& of(const std::string& name) const;

  /// Whether no filter `name` was given, or one of its values is `value`.
  [[nodiscard]] bool allows(const std::string& name, const std::string& value) const;
  /// As `allows`; a filter's value may also be a part of `value` (names, as docker ps matches them).
  [[nodiscard]] bool allows_part(const std::string& name, std::string_view value) const;
  /// Whether every label asked for ("key" or "key=value") is among `labels`, and none of `label!`.
  [[nodiscard]] bool allows_labels(const std::map<std::string, std::string>& labels) const;
  /// The one boolean value of `name`, `absent` when it is not given. Errors: invalid_argument.
  [[nodiscard]] result<bool> flag(const std::string& name, bool absent) const;

private:
  std::map<std::string, std::set<std::string>> values_;
};

} // namespace gantry::docker
