#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "messages/domain/error.hpp"

namespace gantry {

/// Parses a whole document whose top is an object; it lives in `parser`. Errors: corrupt.
result<simdjson::dom::object> parse_object(simdjson::dom::parser& parser, std::string_view json);

/// Reads the fields of a JSON object that others wrote. A field that is absent or null leaves the target as it is;
/// the first one of a wrong type or out of range is kept as the error (corrupt), naming the field, and the rest is
/// read in vain.
///
/// Names are compared without regard to case, as Go's encoding/json does, which writes and reads nearly all of these
/// documents. A name that occurs twice is refused: parsers disagree on which one counts, and an attacker can show one
/// thing to a scanner and another to the engine. Strings with a NUL are refused: they would end early in the kernel.
class json_fields {
public:
  explicit json_fields(simdjson::dom::object object) : object_(object) {}

  void read(std::string_view name, std::string& out);
  void read(std::string_view name, bool& out);
  /// At most `max`, so that a later sum cannot wrap.
  void read(std::string_view name, std::uint64_t& out, std::uint64_t max);
  void read(std::string_view name, std::int64_t& out, std::int64_t min, std::int64_t max);
  void read(std::string_view name, std::vector<std::string>& out);
  /// A list, or one string for a list of one, as Docker's StrSlice is read.
  void read_list_or_string(std::string_view name, std::vector<std::string>& out);
  void read(std::string_view name, std::map<std::string, std::string>& out);
  /// The names in an object used as a set, `{"80/tcp": {}}`: sorted, each once.
  void read_names(std::string_view name, std::vector<std::string>& out);

  [[nodiscard]] bool has(std::string_view name) { return find(name).has_value(); }
  [[nodiscard]] std::optional<simdjson::dom::object> object(std::string_view name);
  [[nodiscard]] std::optional<simdjson::dom::array> array(std::string_view name);

  /// Success, or the first error.
  [[nodiscard]] result<void> status() const;

private:
  std::optional<simdjson::dom::element> find(std::string_view name);
  void set_error(std::string_view name, std::string_view expected);

  simdjson::dom::object object_;
  std::optional<error> error_;
};

} // namespace gantry
