#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/domain/error.hpp"

/// Documents of JSON or YAML in one form, and how structs are read from it. Internal to runtime/cdi.
namespace gantry::cdi {

struct value {
  enum class kind : std::uint8_t { nothing, text, number, boolean, list, map };
  kind is = kind::nothing;
  std::string text{};                   ///< of a text, and of whatever is `plain`
  bool plain = false;                   ///< YAML without quotes: a text too, where one is expected
  std::optional<std::int64_t> number{}; ///< of a number that is a whole one
  std::vector<value> items{};
  std::vector<std::pair<std::string, value>> members{}; ///< as written: a name may be there twice
};

inline constexpr std::size_t max_values = 200'000, max_depth = 32; ///< of one document

/// Errors: corrupt, with the reason; exhausted for a document over the bounds.
result<value> read_json(std::string_view text);
result<value> read_yaml(std::string_view text);

/// Reads a value into what the reader was made for. Errors: invalid_argument, in words that follow "FIELD: ".
using reader = std::function<result<void>(const value&)>;
using readers = std::map<std::string_view, reader>;

reader into(std::string& out);
reader into(std::vector<std::string>& out);
/// Whole numbers from 0 to `most`.
reader into(std::int64_t& out, std::int64_t most);
reader into(std::optional<std::int64_t>& out, std::int64_t most);
reader into(std::optional<std::uint32_t>& out, std::uint32_t most);
reader into(std::vector<std::uint32_t>& out);

/// Reads each member by its name. A member without a reader, and one that is there twice, is an error; null is as
/// absent.
result<void> read_members(const value& from, const readers& known);

/// A list of maps, each by `read`.
template<class T>
reader each(std::vector<T>& out, result<void> (*read)(const value&, T&)) {
  return [&out, read](const value& from) -> result<void> {
    if (from.is != value::kind::list) return fail(errc::invalid_argument, "a list is expected");
    for (std::size_t i = 0; i < from.items.size(); ++i)
      if (auto done = read(from.items[i], out.emplace_back()); !done) return within(done.error(), "[{}]", i);
    return {};
  };
}

} // namespace gantry::cdi
