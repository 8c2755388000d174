#include "api/cri/streaming/request.hpp"

namespace gantry::cri {
namespace {

result<void> validate_process(const std::string& container, const wanted_streams& streams) {
  if (container.empty()) return fail(errc::invalid_argument, "the id of the container is missing");
  if (streams.tty && streams.err)
    return fail(errc::invalid_argument, "a terminal has no stderr of its own: ask for tty or stderr");
  if (!streams.in && !streams.out && !streams.err)
    return fail(errc::invalid_argument, "one of stdin, stdout and stderr must be asked for");
  return {};
}

struct validator {
  result<void> operator()(const exec_request& what) const {
    GANTRY_TRY(validate_process(what.container, what.streams));
    if (what.command.empty()) return fail(errc::invalid_argument, "the command is missing");
    return {};
  }
  result<void> operator()(const attach_request& what) const { return validate_process(what.container, what.streams); }
  result<void> operator()(const port_forward_request& what) const {
    if (what.sandbox.empty()) return fail(errc::invalid_argument, "the id of the pod sandbox is missing");
    return {};
  }
};

} // namespace

result<void> validate(const stream_request& what) { return std::visit(validator{}, what); }

std::string_view verb_of(const stream_request& what) {
  if (std::holds_alternative<exec_request>(what)) return "exec";
  return std::holds_alternative<attach_request>(what) ? "attach" : "portforward";
}

} // namespace gantry::cri
