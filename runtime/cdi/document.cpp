#include "runtime/cdi/document.hpp"

#include <limits>
#include <set>

#include "messages/domain/quote.hpp"

namespace gantry::cdi {
namespace {

result<std::string> text_of(const value& from) {
  const bool fits = from.is == value::kind::text || from.plain;
  if (!fits) return fail(errc::invalid_argument, "a string is expected");
  if (from.text.find('\0') != std::string::npos) return fail(errc::invalid_argument, "it holds a NUL byte");
  return from.text;
}

result<std::int64_t> number_of(const value& from, std::int64_t most) {
  if (from.is != value::kind::number || !from.number || *from.number < 0 || *from.number > most)
    return fail(errc::invalid_argument, "a whole number of 0 to {} is expected", most);
  return *from.number;
}

} // namespace

reader into(std::string& out) {
  return [&out](const value& from) -> result<void> {
    GANTRY_LET(out, text_of(from));
    return {};
  };
}

reader into(std::vector<std::string>& out) {
  return [&out](const value& from) -> result<void> {
    if (from.is != value::kind::list) return fail(errc::invalid_argument, "a list of strings is expected");
    for (const auto& one : from.items) {
      GANTRY_LET(auto text, text_of(one));
      out.push_back(std::move(text));
    }
    return {};
  };
}

reader into(std::int64_t& out, std::int64_t most) {
  return [&out, most](const value& from) -> result<void> {
    GANTRY_LET(out, number_of(from, most));
    return {};
  };
}

reader into(std::optional<std::int64_t>& out, std::int64_t most) {
  return [&out, most](const value& from) -> result<void> {
    GANTRY_LET(out, number_of(from, most));
    return {};
  };
}

reader into(std::optional<std::uint32_t>& out, std::uint32_t most) {
  return [&out, most](const value& from) -> result<void> {
    GANTRY_LET(const auto number, number_of(from, most));
    out = static_cast<std::uint32_t>(number);
    return {};
  };
}

reader into(std::vector<std::uint32_t>& out) {
  return [&out](const value& from) -> result<void> {
    if (from.is != value::kind::list) return fail(errc::invalid_argument, "a list of numbers is expected");
    for (const auto& one : from.items) {
      GANTRY_LET(const auto number, number_of(one, std::numeric_limits<std::uint32_t>::max()));
      out.push_back(static_cast<std::uint32_t>(number));
    }
    return {};
  };
}

result<void> read_members(const value& from, const readers& known) {
  if (from.is != value::kind::map) return fail(errc::invalid_argument, "an object is expected");
  std::set<std::string_view> seen;
  for (const auto& [name, member] : from.members) {
    const auto found = known.find(name);
    if (found == known.end()) return fail(errc::invalid_argument, "there is no field {}", quote(name));
    if (!seen.insert(name).second) return fail(errc::invalid_argument, "{} is there twice", name);
    if (member.is == value::kind::nothing) continue;
    if (auto read = found->second(member); !read) return within(read.error(), "{}", name);
  }
  return {};
}

} // namespace gantry::cdi
