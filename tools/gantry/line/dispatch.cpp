#include "tools/gantry/line/dispatch.hpp"

#include <algorithm>

#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/table.hpp"
#include "tools/gantry/line/arguments.hpp"

namespace gantry::cli {

namespace {

constexpr int bad_command_line = 125;

const entry* find(std::span<const entry> entries, std::string_view name) {
  auto found = std::find_if(entries.begin(), entries.end(), [&](const entry& e) { return e.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

std::string_view summary_of(const entry& e) {
  return std::visit([](const auto* what) { return what->summary; }, e.what);
}

void print_entries(std::ostream& to, std::span<const entry> entries) {
  to << "\nCommands:\n";
  for (const auto& e : entries)
    if (e.in_lists == entry::listing::shown) to << fmt::format("  {:<12}{}\n", e.name, summary_of(e));
}

class dispatcher {
public:
  dispatcher(console& io, const dialer& dial) : io_(io), dial_(dial) {}

  int run(const std::vector<std::string>& arguments);

private:
  int refuse(std::string_view why, int code) {
    io_.err << "gantry: " << why << '\n';
    return code;
  }
  int descend(std::span<const entry> entries, std::span<const std::string> left, const std::string& path);
  int run_group(const group& g, std::span<const std::string> left, const std::string& path);
  int run_verb(const verb& v, std::span<const std::string> left, const std::string& path);
  int act(const verb& v, command& made, const operands& given);

  console& io_;
  const dialer& dial_;
  std::string host_;
};

int dispatcher::run(const std::vector<std::string>& arguments) {
  option_set app("Gantry runs containers.");
  app.usage("Usage: gantry [OPTIONS] COMMAND");
  bool version = false;
  app.help("-h,--help");
  app.value("-H,--host", host_, "The daemon's socket: unix:///run/gantry/gantry.sock");
  app.flag("-v,--version", version, "Print the version");
  auto line = split_arguments(app, arguments, verb::order::options_first);
  if (!line) return refuse(line.error().message, bad_command_line);
  auto help = app.parse(line->options);
  if (!help) return refuse(help.error().message, bad_command_line);
  if (version) {
    io_.out << "gantry version " GANTRY_VERSION "\n";
    return 0;
  }
  if (*help || line->operands.empty()) {
    io_.out << app.help_text();
    print_entries(io_.out, all_verbs());
    return *help ? 0 : bad_command_line;
  }
  return descend(all_verbs(), line->operands, "gantry");
}

int dispatcher::descend(std::span<const entry> entries, std::span<const std::string> left, const std::string& path) {
  const auto* found = find(entries, left.front());
  if (!found)
    return refuse(fmt::format("'{}' is not a command of {}; see '{} --help'", left.front(), path, path),
                  bad_command_line);
  auto below = path + " " + left.front();
  left = left.subspan(1);
  if (const auto* v = std::get_if<const verb*>(&found->what)) return run_verb(**v, left, below);
  return run_group(*std::get<const group*>(found->what), left, below);
}

int dispatcher::run_group(const group& g, std::span<const std::string> left, const std::string& path) {
  if (!left.empty() && left.front() != "--help") return descend(g.entries, left, path);
  io_.out << "Usage: " << path << " COMMAND\n\n" << g.summary << '\n';
  print_entries(io_.out, g.entries);
  return left.empty() ? bad_command_line : 0;
}

int dispatcher::run_verb(const verb& v, std::span<const std::string> left, const std::string& path) {
  auto made = v.make();
  option_set app{std::string(v.summary)};
  app.help("--help");
  app.usage(fmt::format("Usage: {} [OPTIONS] {}", path, v.operands));
  made->declare(app);
  auto line = split_arguments(app, left, v.where);
  if (!line) return refuse(fmt::format("{}; see '{} --help'", line.error().message, path), bad_command_line);
  auto help = app.parse(line->options);
  if (!help) return refuse(fmt::format("{}; see '{} --help'", help.error().message, path), bad_command_line);
  if (*help) {
    io_.out << app.help_text();
    return 0;
  }
  if (line->operands.size() < v.least || line->operands.size() > v.most)
    return refuse(
        fmt::format("'{}' takes {}; see '{} --help'", path, v.operands.empty() ? "no operands" : v.operands, path),
        v.failure_code);
  return act(v, *made, line->operands);
}

int dispatcher::act(const verb& v, command& made, const operands& given) {
  auto connect = dial_(host_);
  if (!connect) return refuse(connect.error().message, v.failure_code);
  http::client api(std::move(*connect));
  context with{io_, api};
  auto code = made.execute(with, given);
  io_.out.flush();
  return code ? *code : refuse(code.error().message, v.failure_code);
}

} // namespace

int run_command_line(const std::vector<std::string>& arguments, console& io, const dialer& dial) {
  return dispatcher(io, dial).run(arguments);
}

} // namespace gantry::cli
