#pragma once

#include <string>
#include <vector>

#include "tools/gantry/format/listing.hpp"
#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

/// "/containers/<name>/<action>", with the name escaped.
std::string container_path(const std::string& name, std::string_view action = {});

/// The first 12 digits of an id, without "sha256:".
std::string short_id(std::string_view id);

/// --filter KEY=VALUE…, as the API's JSON: {"KEY":{"VALUE":true}}. Empty for none. Errors: invalid_argument.
result<std::string> filters_of(const std::vector<std::string>& given);

/// Seconds since the epoch, now.
std::int64_t unix_now();

/// The options of all lists.
struct list_options {
  std::string format;
  bool as_json = false; ///< --json is --format json
  bool quiet = false, no_trunc = false;
  std::vector<std::string> filters;

  void declare(option_set& app);
  [[nodiscard]] std::string effective_format() const { return as_json ? "json" : format; }
  /// An id as the list shows it.
  [[nodiscard]] std::string shown_id(const std::string& id) const { return no_trunc ? id : short_id(id); }
};

/// Prints the ids (`quiet`, one a line, of the field `id_field`) or the list.
result<int> print_list(context& with, const listing& what, const list_options& how, const std::string& id_field);

/// A verb that posts /containers/<name>/<action> for each operand and prints the names.
class container_action : public command {
public:
  explicit container_action(std::string_view action) : action_(action) {}
  void declare(option_set&) override {}
  result<int> execute(context& with, const operands& given) override;

protected:
  /// Appends the query of the options.
  virtual result<void> extend(std::string& target) const;

private:
  std::string_view action_;
};

} // namespace gantry::cli
