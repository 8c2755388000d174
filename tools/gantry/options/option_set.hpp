#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::cli {

/// The options of one command. Each is declared by its names ("-e,--env"), the variable in which its value lands (which
/// must outlive the set), and a line for the help. Of one given twice the last counts, except for lists. CLI11 parses;
/// it is kept out of this header because it is costly to compile.
class option_set {
public:
  explicit option_set(const std::string& description);
  option_set(option_set&&) noexcept;
  ~option_set();

  void flag(const char* names, bool& into, const char* what);
  void value(const char* names, std::string& into, const char* what);
  void value(const char* names, int& into, const char* what);
  void value(const char* names, std::int64_t& into, const char* what);
  void value(const char* names, std::optional<std::string>& into, const char* what);
  void value(const char* names, std::optional<int>& into, const char* what);
  void value(const char* names, std::optional<std::int64_t>& into, const char* what);
  /// One of `allowed`.
  void choice(const char* names, std::string& into, const std::vector<std::string>& allowed, const char* what);
  /// May be given many times, one value each.
  void list(const char* names, std::vector<std::string>& into, const char* what);
  void help(const char* names);
  void usage(std::string text);

  enum class arity { unknown, flag, value };
  /// Whether "-e" or "--env" is declared, and takes a value.
  [[nodiscard]] arity arity_of(const std::string& name) const;
  /// The long name ("--env") of a short one.
  [[nodiscard]] std::string long_name_of(const std::string& name) const;
  /// All long names, for completion.
  [[nodiscard]] std::vector<std::string> long_names() const;

  [[nodiscard]] std::string help_text() const;
  /// Parses options alone, each value an argument of its own. True when help was asked for.
  /// Errors: invalid_argument, with CLI11's words.
  result<bool> parse(std::vector<std::string> options);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gantry::cli
