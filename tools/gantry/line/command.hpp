#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/gantry/http/client.hpp"
#include "tools/gantry/line/console.hpp"
#include "tools/gantry/options/option_set.hpp"

namespace gantry::cli {

/// What every command works with.
struct context {
  console& io;
  http::client& api;
};

using operands = std::vector<std::string>;

/// One run of one verb: options land in members, then it acts.
class command {
public:
  virtual ~command() = default;
  /// Declares the options. They are written into this object, which lives as long as the app.
  virtual void declare(option_set& app) = 0;
  /// Acts, and returns the program's exit code. An error is printed by the caller.
  virtual result<int> execute(context& with, const operands& given) = 0;
};

/// A verb of the command line, as the list of verbs holds it.
struct verb {
  /// Whether options may follow operands. After IMAGE or CONTAINER of run and exec all belongs to the command inside.
  enum class order { mixed, options_first };

  std::string_view operands = {}; ///< "CONTAINER [CONTAINER...]"
  std::string_view summary = {};
  std::size_t least = 0, most = 0; ///< how many operands
  std::unique_ptr<command> (*make)() = nullptr;
  order where = order::mixed;
  int failure_code = 1; ///< the exit code of an error; docker's run has 125
  /// What the operands name, for the completion of shells: "container", "image", "volume", "network" or ""; with commas
  /// where the first one is of another kind than the others.
  std::string_view completes = {};
};

inline constexpr std::size_t any_number = 1 << 20;

template<class T>
std::unique_ptr<command> make_command() {
  return std::make_unique<T>();
}

struct entry;

/// Verbs under a common word: `gantry volume ls`.
struct group {
  std::string_view summary;
  std::span<const entry> entries;
};

struct entry {
  enum class listing { shown, hidden }; ///< hidden: neither in the help nor completed
  std::string_view name;
  std::variant<const verb*, const group*> what;
  listing in_lists = listing::shown;
};

/// Runs `act` for each operand, prints the operand (or what act returns) when it succeeded and the error when not.
/// Returns 1 when any failed: the others are still done, as docker does.
template<class F>
int for_each_operand(context& with, const operands& given, F act) {
  int code = 0;
  for (const auto& each : given) {
    result<std::string> done = act(each);
    if (done && !done->empty()) with.io.out << *done << '\n';
    if (done) continue;
    with.io.err << "gantry: " << done.error().message << '\n';
    code = 1;
  }
  return code;
}

} // namespace gantry::cli
