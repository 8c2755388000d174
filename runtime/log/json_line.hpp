#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/domain/container.hpp"

/// One entry of Docker's json-file log: {"log":"text\n","stream":"stdout","time":"2006-01-02T15:04:05.999999999Z"}
/// (Docker Engine, "JSON File logging driver"). Pure functions, any thread.
namespace gantry::log {

enum class output : std::uint8_t { out = 1, err = 2 };

struct entry {
  unix_nanos time = 0;
  output from = output::out;
  std::string text;      ///< with its newline; without one when a longer line goes on in the next entry
  std::string details{}; ///< the attributes that were written with it, "a=1,b=2", each word escaped as in a URL's query
};

/// What is written with each entry of a log, by name.
using attribute_list = std::vector<std::pair<std::string, std::string>>;

/// A longer line is written as several entries; also the unit in which Docker's own reader buffers.
inline constexpr std::size_t max_entry_text = 16u << 10;

/// Appends the entry and a newline to `out`. Bytes that are not UTF-8 become U+FFFD, as JSON cannot hold them.
/// `attributes`: of json_attributes.
void append_json_line(std::string& out, output from, unix_nanos time, std::string_view text,
                      std::string_view attributes = {});

/// `"attrs":{…},` to stand in each entry; empty when there are none.
std::string json_attributes(const attribute_list& list);

/// RFC 3339 in UTC with as many decimals as are not zero (Go's RFC3339Nano).
std::string format_time(unix_nanos time);

/// Reads what format_time and other writers of RFC 3339 make; none when it is not of that form.
std::optional<unix_nanos> parse_time(std::string_view text);

/// The entry of one line, with or without its newline; none for a line that is torn or not of this format.
std::optional<entry> parse_json_line(std::string_view line);

} // namespace gantry::log
