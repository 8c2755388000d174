#pragma once

#include <string>

namespace gantry::oci_program {

/// Where --log and --log-format say that messages go: a file that callers read, as text or as one JSON object a line
/// ("level", "msg", "time"). Without a file: stderr.
class program_log {
public:
  program_log(std::string path, bool json) : path_(std::move(path)), json_(json) {}

  /// Why a command failed: to the log, and in plain words to whoever sees the terminal.
  void error(const std::string& message) const;
  /// What did not keep it from succeeding: to the log alone.
  void warn(const std::string& message) const;

private:
  bool write(const char* level, const std::string& message) const;

  std::string path_;
  bool json_ = false;
};

} // namespace gantry::oci_program
