#include "api/docker/parse/exec_body.hpp"

#include "api/docker/parse/parts.hpp"

namespace gantry::docker {
namespace parts {

result<void> read_console(json_fields& fields, console_size& into) {
  auto list = fields.array("ConsoleSize");
  if (!list) return {};
  std::uint64_t size[2] = {0, 0};
  std::size_t count = 0;
  for (auto element : *list) {
    if (count == 2 || element.get(size[count]) != simdjson::SUCCESS || size[count] > UINT16_MAX)
      return fail(errc::invalid_argument, "invalid JSON: \"ConsoleSize\" is not two numbers of 0 to 65535");
    ++count;
  }
  into = {static_cast<std::uint16_t>(size[0]), static_cast<std::uint16_t>(size[1])};
  return {};
}

} // namespace parts

result<exec_options> parse_exec_body(std::string_view text) {
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  json_fields fields(*top);
  exec_options options;
  fields.read_list_or_string("Cmd", options.args);
  fields.read("Env", options.env);
  fields.read("User", options.user);
  fields.read("WorkingDir", options.working_dir);
  fields.read("Tty", options.tty);
  fields.read("Privileged", options.privileged);
  fields.read("AttachStdin", options.attach_stdin);
  fields.read("AttachStdout", options.attach_stdout);
  fields.read("AttachStderr", options.attach_stderr);
  fields.read("DetachKeys", options.detach_keys);
  GANTRY_TRY(parts::read_console(fields, options.console));
  GANTRY_TRY(parts::checked(fields, "the body"));
  if (options.args.empty()) return fail(errc::invalid_argument, "No exec command specified");
  return options;
}

result<exec_start_body> parse_exec_start_body(std::string_view text) {
  exec_start_body body;
  if (text.empty()) return body;
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  json_fields fields(*top);
  fields.read("Detach", body.detach);
  fields.read("Tty", body.tty);
  GANTRY_TRY(parts::read_console(fields, body.console));
  GANTRY_TRY(parts::checked(fields, "the body"));
  return body;
}

} // namespace gantry::docker
