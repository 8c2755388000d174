#pragma once

#include <string>

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

/// A command whose answer is a tar archive: to the file that -o names, which is there only when all of it is, or to
/// standard output (`gantry export web | tar x`), unless that is a terminal.
class archive_command : public command {
public:
  void declare(option_set& app) final { app.value("-o,--output", output_, "Write to this file instead of stdout"); }
  result<int> execute(context& with, const operands& given) final;

protected:
  /// What is asked for.
  [[nodiscard]] virtual std::string target_of(const operands& given) const = 0;

private:
  std::string output_;
};

/// The body of an answer, as it comes. Errors: the answer's; unavailable when nobody reads any more.
result<void> save_to_stream(http::response& answer, std::ostream& to);

/// Sends a file's bytes as the body of a request: `path`, or for "-" standard input. Returns the head of the answer.
/// Errors: the answer's; the errno's.
result<http::response> send_file(context& with, const http::request& what, const std::string& path);

} // namespace gantry::cli
