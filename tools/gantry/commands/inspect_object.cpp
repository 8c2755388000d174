#include "tools/gantry/commands/inspect_object.hpp"

namespace gantry::cli {

namespace {

result<json> find(context& with, const std::string& name, std::span<const object_kind> among, bool sizes) {
  for (const auto& kind : among) {
    auto target = fmt::format("{}{}{}", kind.before, http::escape(name), kind.after);
    if (sizes && kind.name == "container") http::add_query(target, "size", "1");
    auto found = with.api.get(target);
    if (found || found.error().code != errc::not_found || among.size() == 1) return found;
  }
  return fail(errc::not_found, "Error: No such object: {}", name);
}

} // namespace

result<int> inspect_objects(context& with, const operands& given, std::span<const object_kind> among,
                            const std::string& format, bool sizes) {
  json found = json::array();
  int code = 0;
  std::string failures;
  for (const auto& name : given) {
    auto object = find(with, name, among, sizes);
    if (object) {
      found.push_back(std::move(*object));
      continue;
    }
    failures += "gantry: " + object.error().message + "\n";
    code = 1;
  }
  if (format.empty())
    with.io.out << to_pretty(found, 4) << '\n';
  else
    for (const auto& object : found) GANTRY_TRY(print_formatted(object, format, with.io.out));
  with.io.out.flush();
  with.io.err << failures;
  return code;
}

} // namespace gantry::cli
