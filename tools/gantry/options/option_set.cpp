#include "tools/gantry/options/option_set.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

namespace gantry::cli {

namespace {

/// CLI11's help, with a usage line of our own: it knows nothing of our operands.
class usage_formatter : public CLI::Formatter {
public:
  explicit usage_formatter(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App*, std::string) const override { return usage_ + "\n"; }

private:
  std::string usage_;
};

} // namespace

struct option_set::state {
  explicit state(const std::string& description) : app(description) {
    app.set_help_flag();
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  template<class T>
  void add(const char* names, T& into, const char* what) {
    app.add_option(names, into, what);
  }
  template<class T>
  void add_optional(const char* names, std::optional<T>& into, const char* what) {
    // Not as CLI11's own optional: it reads an empty value as absent.
    app.add_option_function<T>(
        names, [&into](const T& given) { into = given; }, what);
  }
  CLI::App app;
};

option_set::option_set(const std::string& description) : state_(std::make_unique<state>(description)) {}
option_set::option_set(option_set&&) noexcept = default;
option_set::~option_set() = default;

void option_set::flag(const char* names, bool& into, const char* what) { state_->app.add_flag(names, into, what); }
void option_set::value(const char* names, std::string& into, const char* what) { state_->add(names, into, what); }
void option_set::value(const char* names, int& into, const char* what) { state_->add(names, into, what); }
void option_set::value(const char* names, std::int64_t& into, const char* what) { state_->add(names, into, what); }
void option_set::value(const char* names, std::optional<std::string>& into, const char* what) {
  state_->add_optional(names, into, what);
}
void option_set::value(const char* names, std::optional<int>& into, const char* what) {
  state_->add_optional(names, into, what);
}
void option_set::value(const char* names, std::optional<std::int64_t>& into, const char* what) {
  state_->add_optional(names, into, what);
}

void option_set::choice(const char* names, std::string& into, const std::vector<std::string>& allowed,
                        const char* what) {
  state_->app.add_option(names, into, what)->check(CLI::IsMember(allowed));
}

void option_set::list(const char* names, std::vector<std::string>& into, const char* what) {
  state_->app.add_option(names, into, what)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void option_set::help(const char* names) { state_->app.set_help_flag(names, "Print this help"); }
void option_set::usage(std::string text) { state_->app.formatter(std::make_shared<usage_formatter>(std::move(text))); }

option_set::arity option_set::arity_of(const std::string& name) const {
  const auto* option = std::as_const(state_->app).get_option_no_throw(name);
  if (!option) return arity::unknown;
  return option->get_items_expected_max() > 0 ? arity::value : arity::flag;
}

std::string option_set::long_name_of(const std::string& name) const {
  const auto* option = std::as_const(state_->app).get_option_no_throw(name);
  return !option || option->get_lnames().empty() ? name : "--" + option->get_lnames().front();
}

std::vector<std::string> option_set::long_names() const {
  std::vector<std::string> names;
  for (const auto* option : std::as_const(state_->app).get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string option_set::help_text() const { return state_->app.help(); }

result<bool> option_set::parse(std::vector<std::string> options) {
  std::reverse(options.begin(), options.end()); // CLI11 takes them from the back
  try {
    state_->app.parse(std::move(options));
  } catch (const CLI::CallForHelp&) {
    return true;
  } catch (const CLI::Error& refused) {
    return fail(errc::invalid_argument, "{}", refused.what());
  }
  return false;
}

} // namespace gantry::cli
