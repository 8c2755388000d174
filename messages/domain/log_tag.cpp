#include "messages/domain/log_tag.hpp"

#include <array>

#include "messages/domain/quote.hpp"

namespace gantry {
namespace {

struct known_template {
  std::string_view name;
  std::string (*value)(const container_record&);
};

const std::array<known_template, 7> known_templates = {{
    {".ID", [](const container_record& of) { return of.name.id.substr(0, 12); }},
    {".FullID", [](const container_record& of) { return of.name.id; }},
    {".Name", [](const container_record& of) { return of.display_name; }},
    {".ImageID", [](const container_record& of) { return of.image_id.hex().substr(0, 12); }},
    {".ImageFullID", [](const container_record& of) { return of.image_id.str(); }},
    {".ImageName", [](const container_record& of) { return of.image_name; }},
    {".DaemonName", [](const container_record&) { return std::string("gantry"); }},
}};

const known_template* find(std::string_view name) {
  for (const auto& one : known_templates)
    if (one.name == name) return &one;
  return nullptr;
}

/// Calls `text` and `braces` with the parts of the tag in order. False for braces without an end.
template<class Text, class Braces>
bool walk(std::string_view tag, Text text, Braces braces) {
  for (;;) {
    const auto begin = tag.find("{{");
    text(tag.substr(0, begin));
    if (begin == std::string_view::npos) return true;
    const auto end = tag.find("}}", begin);
    if (end == std::string_view::npos) return false;
    auto name = tag.substr(begin + 2, end - begin - 2);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    braces(name);
    tag.remove_prefix(end + 2);
  }
}

} // namespace

result<void> check_log_tag(std::string_view tag) {
  std::string unknown;
  const bool closed = walk(
      tag, [](std::string_view) {},
      [&](std::string_view name) {
        if (find(name) == nullptr) unknown = name;
      });
  if (closed && unknown.empty()) return {};
  return fail(errc::invalid_argument,
              "log option tag={}: the templates that are known are {{{{.ID}}}}, {{{{.FullID}}}}, {{{{.Name}}}}, "
              "{{{{.ImageID}}}}, {{{{.ImageFullID}}}}, {{{{.ImageName}}}} and {{{{.DaemonName}}}}",
              quote(tag));
}

std::string expand_log_tag(std::string_view tag, const container_record& of) {
  std::string made;
  walk(
      tag, [&](std::string_view text) { made += text; },
      [&](std::string_view name) {
        if (const auto* one = find(name)) made += one->value(of);
      });
  return made;
}

} // namespace gantry
