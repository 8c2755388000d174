#include "tests/catch.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/log/cri_line.hpp"
#include "runtime/log/log_reader.hpp"
#include "runtime/log/log_writer.hpp"
#include "tests/runtime/spec/fixture.hpp"

namespace {

using namespace gantry;
using gantry::test::contains;
using log::output;

constexpr unix_nanos noon = 1'700'000'000'120'000'000;
constexpr auto stamp = "2023-11-14T22:13:20.12Z";

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct cri_log {
  test::temp_folder folder;
  std::string path = folder.path + "/0.log";
  log::writer writer{path, {}, log::format::cri};
};

} // namespace

TEST_CASE("a line is written as the kubelet reads it, its bytes as they are") {
  cri_log log;
  CHECK(log.writer.write(output::out, noon, "one\n\nthr"));
  CHECK(log.writer.write(output::err, noon, "\xff{\"x\"}\r\n"));
  CHECK(log.writer.write(output::out, noon, "ee\nfour"));
  CHECK(log.writer.finish(noon));
  const auto expected = fmt::format("{0} stdout F one\n{0} stdout F \n{0} stderr F \xff{{\"x\"}}\r\n"
                                    "{0} stdout F three\n{0} stdout P four\n",
                                    stamp);
  CHECK(text_of(log.path) == expected);
}

TEST_CASE("a line over 16 KiB is cut into partial ones of just that") {
  cri_log log;
  const std::string full(log::max_entry_text, 'a');
  CHECK(log.writer.write(output::out, noon, full + full + "b\n" + full + "\n"));
  CHECK(text_of(log.path) ==
        fmt::format("{0} stdout P {1}\n{0} stdout P {1}\n{0} stdout F b\n{0} stdout F {1}\n", stamp, full));
}

TEST_CASE("after its file was renamed a log goes on in a fresh one, and no line is lost") {
  cri_log log;
  CHECK(log.writer.write(output::out, noon, "one\nhalf of a l"));
  std::filesystem::rename(log.path, log.path + ".old");
  CHECK(log.writer.write(output::out, noon, "ine\nhalf of an"));
  CHECK(log.writer.reopen());
  CHECK(std::filesystem::exists(log.path));
  CHECK(log.writer.write(output::out, noon, "other\n"));
  CHECK(text_of(log.path + ".old") == fmt::format("{0} stdout F one\n{0} stdout F half of a line\n", stamp));
  CHECK(text_of(log.path) == fmt::format("{0} stdout F half of another\n", stamp));
}

TEST_CASE("a log that cannot be opened again goes on in the file in use") {
  cri_log log;
  CHECK(log.writer.write(output::out, noon, "one\n"));
  std::filesystem::rename(log.path, log.path + ".old");
  std::filesystem::create_directory(log.path);
  CHECK_FALSE(log.writer.reopen());
  CHECK(log.writer.write(output::out, noon, "two\n"));
  CHECK(text_of(log.path + ".old") == fmt::format("{0} stdout F one\n{0} stdout F two\n", stamp));
}

TEST_CASE("a log is there before anything is written, once it was opened") {
  cri_log log;
  CHECK(log.writer.reopen());
  CHECK(std::filesystem::file_size(log.path) == 0);
}

TEST_CASE("lines come back as entries; others do not") {
  std::string line;
  log::append_cri_line(line, output::err, noon, "a b\n");
  auto entry = log::parse_cri_line(line);
  REQUIRE(entry);
  CHECK(entry->time == noon);
  CHECK(entry->from == output::err);
  CHECK(entry->text == "a b\n");
  CHECK(log::parse_cri_line(std::string(stamp) + " stdout P part")->text == "part");
  CHECK(log::parse_cri_line(std::string(stamp) + " stdout F:x more")->text == "more\n");
  CHECK(log::parse_cri_line(std::string(stamp) + " stdout F ")->text == "\n");
  for (const auto* torn : {"", "2023", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z stdout",
                           "2023-11-14T22:13:20Z stdin F x", "2023-11-14T22:13:20Z stdout X x", "x stdout F x"})
    CHECK_FALSE(log::parse_cri_line(torn));
}

TEST_CASE("a reader takes either format") {
  cri_log log;
  CHECK(log.writer.write(output::out, noon, "one\ntwo\n"));
  auto reader = log::reader::open(log.path, {.tail = 1}).value();
  CHECK(reader.next().value()->text == "two\n");
  CHECK_FALSE(reader.next().value());
}
