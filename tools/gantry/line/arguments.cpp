#include "tools/gantry/line/arguments.hpp"

namespace gantry::cli {

namespace {

class splitter {
public:
  splitter(const option_set& app, std::span<const std::string> arguments) : app_(app), left_(arguments) {}

  result<split_line> run(verb::order order) {
    while (!left_.empty()) {
      std::string next = take();
      if (next == "--") break;
      if (next.starts_with("--")) {
        GANTRY_TRY(long_option(next));
      } else if (next.size() > 1 && next[0] == '-') {
        GANTRY_TRY(short_options(next));
      } else {
        line_.operands.push_back(std::move(next));
        if (order == verb::order::options_first) break;
      }
    }
    line_.operands.insert(line_.operands.end(), left_.begin(), left_.end());
    return std::move(line_);
  }

private:
  std::string take() {
    std::string next = left_.front();
    left_ = left_.subspan(1);
    return next;
  }

  result<void> value_follows(const std::string& name) {
    if (left_.empty()) return fail(errc::invalid_argument, "the option {} needs a value", name);
    line_.options.push_back(name);
    line_.options.push_back(take());
    return {};
  }

  result<option_set::arity> declared(const std::string& name) {
    auto arity = app_.arity_of(name);
    if (arity == option_set::arity::unknown) return fail(errc::invalid_argument, "unknown flag: {}", name);
    return arity;
  }

  result<void> long_option(const std::string& given) {
    auto mark = given.find('=');
    auto name = given.substr(0, mark);
    GANTRY_LET(auto arity, declared(name));
    if (arity == option_set::arity::flag) {
      line_.options.push_back(given);
      return {};
    }
    if (mark == std::string::npos) return value_follows(name);
    line_.options.push_back(name);
    line_.options.push_back(given.substr(mark + 1));
    return {};
  }

  result<void> short_options(const std::string& given) {
    for (std::size_t i = 1; i < given.size(); ++i) {
      auto name = std::string{'-', given[i]};
      GANTRY_LET(auto arity, declared(name));
      auto rest = given.substr(i + 1);
      if (arity == option_set::arity::flag) {
        // -d=false: CLI11 reads values of flags in the long form alone.
        bool valued = rest.starts_with('=');
        line_.options.push_back(valued ? app_.long_name_of(name) + rest : name);
        if (valued) return {};
        continue;
      }
      if (rest.empty()) return value_follows(name);
      line_.options.push_back(name);
      line_.options.push_back(rest.starts_with('=') ? rest.substr(1) : rest);
      return {};
    }
    return {};
  }

  const option_set& app_;
  std::span<const std::string> left_;
  split_line line_;
};

} // namespace

result<split_line> split_arguments(const option_set& app, std::span<const std::string> arguments, verb::order order) {
  return splitter(app, arguments).run(order);
}

} // namespace gantry::cli
