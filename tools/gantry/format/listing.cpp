#include "tools/gantry/format/listing.hpp"

#include "tools/gantry/format/table.hpp"

namespace gantry::cli {

namespace {

/// Shells hand over \t and \n as two characters each; docker reads them so.
std::string unescaped(std::string_view format) {
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    auto two = format.substr(i, 2);
    if (two != "\\t" && two != "\\n") {
      text += format[i];
      continue;
    }
    text += two[1] == 't' ? '\t' : '\n';
    ++i;
  }
  return text;
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  for (;;) {
    auto tab = line.find('\t');
    cells.emplace_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return cells;
    line.remove_prefix(tab + 1);
  }
}

json headings(const listing& what) {
  json row = json::object();
  for (const auto& [field, title] : what.titles) row[field] = title;
  return row;
}

void print_columns(const listing& what, std::ostream& to) {
  std::vector<std::vector<std::string>> lines;
  auto add = [&](const json& row) {
    auto& line = lines.emplace_back();
    for (const auto& column : what.columns) line.push_back(text(row, column));
  };
  add(headings(what));
  for (const auto& row : what.rows) add(row);
  to << render_table(lines);
}

} // namespace

result<void> print_listing(const listing& what, std::string_view format, std::ostream& to) {
  constexpr std::string_view table = "table";
  if (format.empty() || format == table) {
    print_columns(what, to);
    return {};
  }
  if (format == "json") {
    for (const auto& row : what.rows) to << to_line(row) << '\n';
    return {};
  }
  bool titled = format.starts_with("table ");
  GANTRY_LET(auto form, go_template::parse(unescaped(titled ? format.substr(table.size() + 1) : format)));
  std::vector<std::vector<std::string>> lines;
  if (titled) {
    GANTRY_LET(auto line, form.execute(headings(what)));
    lines.push_back(cells_of(line));
  }
  for (const auto& row : what.rows) {
    GANTRY_LET(auto line, form.execute(row));
    if (titled)
      lines.push_back(cells_of(line));
    else
      to << line << '\n';
  }
  to << render_table(lines);
  return {};
}

result<void> print_formatted(const json& what, std::string_view format, std::ostream& to,
                             go_template::absence of_a_field) {
  if (format == "json") {
    to << to_line(what) << '\n';
    return {};
  }
  GANTRY_LET(auto form, go_template::parse(unescaped(format)));
  GANTRY_LET(auto line, form.execute(what, of_a_field));
  to << line << '\n';
  return {};
}

} // namespace gantry::cli
