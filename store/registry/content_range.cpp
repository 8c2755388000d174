#include "store/registry/content_range.hpp"

#include <charconv>

namespace gantry::store {

namespace {

/// Takes a number and the text after it off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view then) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(then)) return std::nullopt;
  text.remove_prefix(then.size());
  return number;
}

} // namespace

std::optional<content_range> parse_content_range(std::string_view header) {
  constexpr std::string_view unit = "bytes ";
  if (!header.starts_with(unit)) return std::nullopt;
  header.remove_prefix(unit.size());
  auto first = take_number(header, "-");
  auto last = first ? take_number(header, "/") : std::nullopt;
  if (!last || *last < *first) return std::nullopt;
  if (header == "*") return content_range{*first, *last, std::nullopt};
  auto complete = take_number(header, "");
  if (!complete || !header.empty() || *complete <= *last) return std::nullopt;
  return content_range{*first, *last, complete};
}

resumption judge_resumption(long status, std::string_view header, std::uint64_t offset, std::uint64_t size) {
  if (status == 200) return offset == 0 ? resumption::append : resumption::skip;
  auto range = status == 206 ? parse_content_range(header) : std::nullopt;
  if (!range || range->first != offset || range->last >= size) return resumption::whole;
  return range->complete.value_or(size) == size ? resumption::append : resumption::whole;
}

} // namespace gantry::store
