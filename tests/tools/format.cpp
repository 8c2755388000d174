#include <sstream>

#include "tests/catch.hpp"
#include "tools/gantry/format/listing.hpp"
#include "tools/gantry/format/table.hpp"
#include "tools/gantry/format/template.hpp"
#include "tools/gantry/format/units.hpp"

using namespace gantry;
using namespace gantry::cli;

namespace {

const json document = json::parse(R"({"ID":"0123","Names":["a","b"],"State":{"Status":"running","Pid":7},
  "Labels":{"k":"v","x.y":"z"},"On":true,"None":null})");

std::string filled(const char* form) {
  auto parsed = go_template::parse(form);
  INFO(form);
  INFO((parsed ? "" : parsed.error().message));
  REQUIRE(parsed);
  auto text = parsed->execute(document);
  INFO((text ? "" : text.error().message));
  REQUIRE(text);
  return *text;
}

bool refused(const char* form) {
  auto parsed = go_template::parse(form);
  return !parsed || !parsed->execute(document);
}

} // namespace

TEST_CASE("templates print fields, nested fields and text") {
  CHECK(filled("{{.ID}} is {{ .State.Status }}!") == "0123 is running!");
  CHECK(filled("{{.State.Pid}}{{.On}}{{.None}}") == "7true<no value>");
  CHECK(filled("{{.Names}} {{.Labels}}") == "[a b] map[k:v x.y:z]");
  CHECK(filled("a {{- .ID -}} b{{/* said aside */}}") == "a0123b");
  auto lenient = go_template::parse("{{.State.Nothing}}")->execute(document, go_template::absence::empty);
  CHECK(lenient == "<no value>");
}

TEST_CASE("templates call functions and pipe") {
  CHECK(filled("{{json .State}}") == R"({"Status":"running","Pid":7})");
  CHECK(filled("{{.State.Status | upper}}{{len .Names}}{{title \"abc\"}}") == "RUNNING2Abc");
  CHECK(filled("{{index .Labels \"x.y\"}}{{index .Names 1}}{{join .Names \",\"}}") == "zba,b");
  CHECK(filled("{{(index .Names 0) | upper}}{{truncate .ID 2}}") == "A01");
}

TEST_CASE("templates branch and loop") {
  CHECK(filled("{{range .Names}}<{{.}}>{{end}}") == "<a><b>");
  CHECK(filled("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}") == "k=v;x.y=z;");
  CHECK(filled("{{range $i, $n := .Names}}{{if $i}}, {{end}}{{$n}}{{end}}") == "a, b");
  CHECK(filled("{{if .Missing}}yes{{else if .On}}second{{else}}no{{end}}") == "second");
  CHECK(filled("{{with .State}}{{.Pid}} of {{$.ID}}{{end}}") == "7 of 0123");
  CHECK(filled("{{if and .On (eq .State.Status \"running\")}}up{{end}}") == "up");
}

TEST_CASE("templates refuse what they do not know") {
  for (const auto* bad : {"{{.ID", "{{}}", "{{shell .ID}}", "{{.Nothing}}", "{{.ID.Deeper}}", "{{range .Names}}",
                          "{{end}}", "{{.ID .ID}}", "{{upper}}", "{{index .Names 9}}", "{{$x}}", "{{template \"x\"}}",
                          "{{.ID | }}", "{{join .ID}}"}) {
    INFO(bad);
    CHECK(refused(bad));
  }
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{{if .ID}}";
  CHECK(refused(deep.c_str()));
}

TEST_CASE("lists print as a table, by a template, and as JSON") {
  listing what{.titles = {{"ID", "CONTAINER ID"}, {"Status", "STATUS"}},
               .columns = {"ID", "Status"},
               .rows = {json::parse(R"({"ID":"012345678901","Status":"Up"})"),
                        json::parse(R"({"ID":"ü","Status":"x\u001b[2J"})")}};
  auto printed = [&](const char* format) {
    std::ostringstream to;
    REQUIRE(print_listing(what, format, to));
    return to.str();
  };
  CHECK(printed("") == "CONTAINER ID   STATUS\n012345678901   Up\nü              x?[2J\n");
  CHECK(printed("table {{.Status}}\\t{{.ID}}") == "STATUS    CONTAINER ID\nUp        012345678901\nx?[2J     ü\n");
  CHECK(printed("{{.ID}}={{.Status | lower}}").starts_with("012345678901=up\n"));
  CHECK(printed("json").starts_with("{\"ID\":\"012345678901\",\"Status\":\"Up\"}\n"));
}

TEST_CASE("sizes and times read as docker's") {
  CHECK(human_size(0) == "0B");
  CHECK(human_size(5312345, 3) == "5.31MB");
  CHECK(human_size(5312345) == "5.312MB");
  CHECK(human_size_binary(1536) == "1.5KiB");
}

TEST_CASE("sizes are parsed strictly") {
  CHECK(parse_size("1.5GiB").value() == 1610612736);
  CHECK(parse_size("10b").value() == 10);
  CHECK(parse_size("64 mb").value() == 67108864);
  for (const auto* bad : {"", "k", "1x", "-1", "1kk", "1e3", "9999999999p", "1.2.3m"}) {
    INFO(bad);
    CHECK_FALSE(parse_size(bad));
  }
}

TEST_CASE("moments are durations ago, RFC 3339 or seconds") {
  std::chrono::system_clock::time_point now{std::chrono::seconds(1000)};
  CHECK(parse_moment("10s", now).value() == "990.000000000");
  CHECK(parse_moment("1700000000.5", now).value() == "1700000000.5");
  CHECK(parse_moment("1970-01-01T00:01:00.25Z", now).value() == "60.250000000");
  CHECK(parse_moment("1970-01-01T01:00:00+01:00", now).value() == "0.000000000");
  CHECK_FALSE(parse_moment("yesterday", now));
}
