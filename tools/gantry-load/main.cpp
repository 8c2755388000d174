#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <fmt/format.h>

#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "tools/gantry-load/line/parse.hpp"
#include "tools/gantry-load/scenario/run.hpp"

namespace {

using namespace gantry::load;

constexpr int fine = 0, not_fine = 1, wrong_usage = 2;

int complain(const std::string& why, int status) {
  fmt::print(stderr, "gantry-load: {}\n", why);
  return status;
}

/// Written in place: a user may name a device or a FIFO, which a file that is renamed over it would take away.
gantry::result<void> write_in_place(const std::string& path, const std::string& text) {
  gantry::sys::unique_fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return gantry::fail_errno(errno, "{}", path);
  return gantry::sys::write_all(file.get(), text);
}

/// True when it went to standard output.
gantry::result<bool> deliver(const std::string& where, const std::string& text) {
  if (where.empty()) return false;
  if (where != "-") {
    GANTRY_TRY(write_in_place(where, text));
    return false;
  }
  fmt::print("{}", text);
  return true;
}

int deliver_all(const report& made) {
  auto json = deliver(made.asked.json, render_json(made));
  if (!json) return complain(json.error().message, not_fine);
  auto csv = deliver(made.asked.csv, render_csv(made));
  if (!csv) return complain(csv.error().message, not_fine);
  // A table among the lines of a document would spoil it for the program that reads it.
  if (!*json && !*csv) fmt::print("{}", render_table(made));
  return made.fine() ? fine : not_fine;
}

int act(std::vector<std::string> arguments) {
  auto line = parse_line(std::move(arguments), [](const char* name) -> const char* { return std::getenv(name); });
  if (!line) return complain(line.error().message + "; see gantry-load --help", wrong_usage);
  if (!line->run) {
    fmt::print("{}", line->text);
    return fine;
  }
  auto made = run(*line->run);
  if (!made) return complain(made.error().message, not_fine);
  return deliver_all(*made);
}

} // namespace

int main(int argc, char** argv) {
  try {
    return act({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    return complain(fmt::format("an internal failure: {}", failure.what()), not_fine);
  }
}
