#include "runtime/network/cni/failure.hpp"

#include <simdjson.h>

namespace gantry::network {
namespace {

namespace dom = simdjson::dom;
constexpr std::size_t max_answer = 1 << 20, max_words = 4096;

std::string text_at(dom::element from, std::string_view key) {
  std::string_view value;
  return from[key].get_string().get(value) ? std::string() : std::string(value);
}

/// The codes that SPEC.md reserves; 100 and up are a plugin's own.
errc code_of(std::uint64_t cni) {
  switch (cni) {
  case 3:
    return errc::not_found; // container unknown or does not exist
  case 5:
  case 11:
  case 50:
  case 51:
    return errc::unavailable; // I/O failure; try again later; STATUS: no ADD can be served
  case 1:
  case 2:
    return errc::failed_precondition; // incompatible version; unsupported field
  case 4:
  case 6:
  case 7:
    return errc::invalid_argument;
  default:
    return errc::internal;
  }
}

std::string trimmed(std::string text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  if (text.size() > max_words) text.resize(max_words);
  return text;
}

} // namespace

error cni_failure(std::string_view plugin, const monitor::process_result& reply) {
  error failure{errc::internal, {}, 0};
  dom::parser parser(max_answer);
  dom::element answer;
  if (!parser.parse(reply.output).get(answer) && answer.is_object()) {
    std::uint64_t code = 0;
    if (!answer["code"].get_uint64().get(code)) failure.code = code_of(code);
    failure.message = text_at(answer, "msg");
    if (const auto details = text_at(answer, "details"); !details.empty()) failure.message += ": " + details;
  }
  if (failure.message.empty()) failure.message = trimmed(reply.error_output);
  if (failure.message.empty())
    failure.message = fmt::format("it ended with status {} and said nothing", reply.exit_code);
  if (failure.message.find("no IP addresses available") != std::string::npos) failure.code = errc::exhausted;
  failure.message = fmt::format("CNI plugin {}: {}", plugin, trimmed(std::move(failure.message)));
  return failure;
}

} // namespace gantry::network
