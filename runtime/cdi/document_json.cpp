#include <simdjson.h>

#include "runtime/cdi/document.hpp"

namespace gantry::cdi {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

/// simdjson bounds the depth itself, and no value is shared: the text's size bounds their number.
value value_of(element from) {
  value made;
  switch (from.type()) {
  case element_type::OBJECT:
    made.is = value::kind::map;
    for (auto [key, member] : simdjson::dom::object(from))
      made.members.emplace_back(std::string(key), value_of(member));
    break;
  case element_type::ARRAY:
    made.is = value::kind::list;
    for (auto item : simdjson::dom::array(from)) made.items.push_back(value_of(item));
    break;
  case element_type::STRING:
    made.is = value::kind::text;
    made.text = std::string_view(from);
    break;
  case element_type::INT64:
    made.is = value::kind::number;
    made.number = std::int64_t(from);
    break;
  case element_type::UINT64: // above INT64_MAX, as doubles are: a number that no field takes
  case element_type::DOUBLE:
    made.is = value::kind::number;
    break;
  case element_type::BOOL:
    made.is = value::kind::boolean;
    break;
  case element_type::NULL_VALUE:
    break;
  }
  return made;
}

} // namespace

result<value> read_json(std::string_view text) {
  simdjson::dom::parser parser;
  if (parser.allocate(text.size(), max_depth) != simdjson::SUCCESS)
    return fail(errc::exhausted, "there is no memory for {} bytes of JSON", text.size());
  element root;
  if (auto code = parser.parse(text.data(), text.size()).get(root))
    return fail(errc::corrupt, "it is not JSON: {}", simdjson::error_message(code));
  return value_of(root);
}

} // namespace gantry::cdi
