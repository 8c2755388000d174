#include "tests/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "runtime/log/log_reader.hpp"
#include "runtime/log/log_writer.hpp"
#include "runtime/sys/files.hpp"

namespace {

using namespace gantry;
using log::output;

struct folder {
  std::string path;
  folder() {
    char name[] = "/tmp/gantry-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string log() const { return path + "/c.log"; }
};

std::vector<std::string> rest(log::reader& reader) {
  std::vector<std::string> texts;
  for (auto next = reader.next().value(); next; next = reader.next().value()) texts.push_back(next->text);
  return texts;
}
std::vector<std::string> all(const std::string& path, log::query what = {}) {
  auto reader = log::reader::open(path, what).value();
  return rest(reader);
}
using texts = std::vector<std::string>;

TEST_CASE("attributes stand with each entry, and are read as docker shows them") {
  std::string out;
  log::append_json_line(out, output::out, 0, "x\n", log::json_attributes({{"tag", "a/b"}, {"env", "\"c d\""}}));
  CHECK(out == "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"tag\":\"a/b\",\"env\":\"\\\"c d\\\"\"},"
               "\"time\":\"1970-01-01T00:00:00Z\"}\n");
  CHECK(log::parse_json_line(out)->details == "env=%22c+d%22,tag=a%2Fb");
  CHECK(log::json_attributes({}).empty());
}

TEST_CASE("a log in the other format rotates without losing an entry") {
  folder f;
  log::writer writer(f.log(), {200, 1000}, log::format::cri);
  texts expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back("line " + std::to_string(i) + "\n");
    REQUIRE(writer.write(output::out, 1, expected.back()));
  }
  CHECK(std::filesystem::exists(f.log() + ".5"));
  CHECK(all(f.log()) == expected);
}

TEST_CASE("an entry is written as docker writes it") {
  std::string out;
  log::append_json_line(out, output::out, 1'700'000'000'120'000'000, "a\"b\\\t<\n");
  CHECK(out ==
        "{\"log\":\"a\\\"b\\\\\\u0009\\u003c\\n\",\"stream\":\"stdout\",\"time\":\"2023-11-14T22:13:20.12Z\"}\n");
}

TEST_CASE("bytes that are not UTF-8 are replaced, valid characters kept") {
  std::string out;
  log::append_json_line(out, output::err, 0, "\xff\xc3\xa4\xed\xa0\x80\xf0\x9f\x98\x80\xc0\xaf");
  auto entry = log::parse_json_line(out);
  REQUIRE(entry);
  CHECK(entry->from == output::err);
  CHECK(entry->text == "\uFFFD\u00E4\uFFFD\uFFFD\uFFFD\U0001F600\uFFFD\uFFFD");
}

TEST_CASE("times come back, with zones and without decimals") {
  for (unix_nanos time : {0L, 1L, 1'700'000'000'000'000'000L, 1'700'000'000'123'456'789L})
    CHECK(log::parse_time(log::format_time(time)) == time);
  CHECK(log::parse_time("2023-11-14T23:13:20+01:00") == 1'700'000'000'000'000'000);
  CHECK_FALSE(log::parse_time("2023-11-14"));
  CHECK_FALSE(log::parse_time("2023-11-14T23:13:20"));
  CHECK_FALSE(log::parse_time("9999-11-14T23:13:20Z"));
}

TEST_CASE("lines in pieces are joined, the last without its newline is written at the end") {
  folder f;
  log::writer writer(f.log(), {});
  CHECK(writer.write(output::out, 1, "one\ntw"));
  CHECK(writer.write(output::err, 2, "error\n"));
  CHECK(writer.write(output::out, 3, "o\nthr"));
  CHECK(all(f.log()) == texts{"one\n", "error\n", "two\n"});
  CHECK(writer.finish(4));
  CHECK(all(f.log()) == texts{"one\n", "error\n", "two\n", "thr"});
}

TEST_CASE("a long line becomes entries of 16 KiB, not cut within a character") {
  folder f;
  log::writer writer(f.log(), {});
  std::string line;
  while (line.size() < 40'000) line += "\u20ac";
  CHECK(writer.write(output::out, 1, line + "\n"));
  std::string joined;
  for (const auto& text : all(f.log())) {
    CHECK(text.size() <= log::max_entry_text + 1);
    joined += text;
  }
  CHECK(joined == line + "\n");
}

TEST_CASE("logs rotate by size and keep so many files; the reader sees them as one") {
  folder f;
  log::writer writer(f.log(), {500, 3});
  for (int i = 0; i < 100; ++i) CHECK(writer.write(output::out, i + 1, "line " + std::to_string(i) + "\n"));
  CHECK(std::filesystem::exists(f.log() + ".2"));
  CHECK_FALSE(std::filesystem::exists(f.log() + ".3"));
  auto seen = all(f.log());
  REQUIRE(seen.size() > 10);
  CHECK(seen.back() == "line 99\n");
  for (std::size_t i = 0; i < seen.size(); ++i)
    CHECK(seen[i] == "line " + std::to_string(100 - seen.size() + i) + "\n");
}

TEST_CASE("with a single file a full log starts again") {
  folder f;
  log::writer writer(f.log(), {300, 1});
  for (int i = 0; i < 50; ++i) CHECK(writer.write(output::out, i + 1, "line\n"));
  CHECK(std::filesystem::file_size(f.log()) < 500);
}

TEST_CASE("a tail begins so many entries before the end, also across files") {
  folder f;
  log::writer writer(f.log(), {500, 10});
  for (int i = 0; i < 40; ++i) CHECK(writer.write(output::out, i + 1, std::to_string(i) + "\n"));
  for (int wanted : {0, 1, 3, 20, 39, 40, 1000}) {
    auto seen = all(f.log(), {.tail = wanted});
    CHECK(seen.size() == static_cast<std::size_t>(std::min(wanted, 40)));
    if (!seen.empty()) CHECK(seen.back() == "39\n");
  }
}

TEST_CASE("since, until and the streams filter") {
  folder f;
  log::writer writer(f.log(), {});
  for (int i = 1; i <= 6; ++i)
    CHECK(writer.write(i % 2 == 0 ? output::err : output::out, i * 1000, std::to_string(i) + "\n"));
  CHECK(all(f.log(), {.since = 3000}) == texts{"3\n", "4\n", "5\n", "6\n"});
  CHECK(all(f.log(), {.until = 2000}) == texts{"1\n", "2\n"});
  CHECK(all(f.log(), {.want_out = false}) == texts{"2\n", "4\n", "6\n"});
  CHECK(all(f.log(), {.want_err = false}) == texts{"1\n", "3\n", "5\n"});
}

TEST_CASE("a follower goes on through rotations") {
  folder f;
  log::writer writer(f.log(), {200, 20});
  CHECK(writer.write(output::out, 1, "0\n"));
  auto reader = log::reader::open(f.log(), {}).value();
  texts seen = rest(reader);
  for (int i = 1; i < 30; ++i) {
    CHECK(writer.write(output::out, 1, std::to_string(i) + "\n"));
    if (i % 7 == 0)
      for (auto& text : rest(reader)) seen.push_back(text);
  }
  for (auto& text : rest(reader)) seen.push_back(text);
  REQUIRE(seen.size() == 30);
  for (int i = 0; i < 30; ++i) CHECK(seen[static_cast<std::size_t>(i)] == std::to_string(i) + "\n");
}

TEST_CASE("a torn last line waits, torn lines within are skipped, and the writer closes one") {
  folder f;
  {
    log::writer writer(f.log(), {});
    CHECK(writer.write(output::out, 1, "whole\n"));
  }
  std::ofstream(f.log(), std::ios::app) << R"({"log":"torn)";
  CHECK(all(f.log()) == texts{"whole\n"});
  log::writer writer(f.log(), {});
  CHECK(writer.write(output::out, 2, "next\n"));
  CHECK(all(f.log()) == texts{"whole\n", "next\n"});
}

TEST_CASE("a log that does not exist yet is empty, and followed once it does") {
  folder f;
  auto reader = log::reader::open(f.log(), {.tail = 5}).value();
  CHECK(rest(reader).empty());
  log::writer writer(f.log(), {});
  CHECK(writer.write(output::out, 1, "first\n"));
  CHECK(rest(reader) == texts{"first\n"});
}

/// A log of 60 lines, "0\n" to "59\n", in compressed files but for the last ones.
texts packed_log(const folder& f) {
  log::writer writer(f.log(), {500, 100, true});
  texts written;
  for (int i = 0; i < 60; ++i) {
    written.push_back(std::to_string(i) + "\n");
    CHECK(writer.write(output::out, i + 1, written.back()));
  }
  CHECK(std::filesystem::exists(f.log() + ".1.gz"));
  CHECK(std::filesystem::exists(f.log() + ".2.gz"));
  CHECK_FALSE(std::filesystem::exists(f.log() + ".1"));
  CHECK_FALSE(std::filesystem::exists(f.log() + ".gz.part"));
  return written;
}

TEST_CASE("rotated files are compressed, and read as the others") {
  folder f;
  auto written = packed_log(f);
  CHECK(all(f.log()) == written);
  for (int wanted : {0, 1, 10, 23, 59, 60, 1000}) {
    auto seen = all(f.log(), {.tail = wanted});
    CHECK(seen == texts(written.end() - std::min(wanted, 60), written.end()));
  }
  CHECK(all(f.log(), {.since = 31}) == texts(written.begin() + 30, written.end()));
}

TEST_CASE("a follower goes on while what it reads is put aside and compressed") {
  folder f;
  std::vector<log::writer::work> due; // what another thread would do, when the test says so
  log::writer writer(f.log(), {200, 100, true});
  writer.compress_by([&due](log::writer::work one) { due.push_back(std::move(one)); });
  CHECK(writer.write(output::out, 1, "0\n"));
  auto reader = log::reader::open(f.log(), {}).value();
  texts seen = rest(reader), written{"0\n"};
  for (int i = 1; i < 60; ++i) {
    written.push_back(std::to_string(i) + "\n");
    CHECK(writer.write(output::out, 1, written.back()));
    if (i % 10 == 0)
      for (auto& one : std::exchange(due, {})) CHECK(one());
    if (i % 7 == 0)
      for (auto& text : rest(reader)) seen.push_back(text);
    CHECK(all(f.log()) == written);
  }
  for (auto& text : rest(reader)) seen.push_back(text);
  CHECK(seen == written);
}

TEST_CASE("a crash while a log is compressed or turned over loses none of it") {
  folder f;
  auto written = packed_log(f);
  SECTION("half-made beside its original") {
    std::filesystem::rename(f.log() + ".1.gz", f.path + "/saved");
    std::ofstream(f.log() + ".1") << "{\"log\":\"plain\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00Z\"}\n";
    std::ofstream(f.log() + ".1.gz") << "half";
    auto seen = all(f.log());
    CHECK(std::count(seen.begin(), seen.end(), "plain\n") == 1);
    log::writer writer(f.log(), {500, 100, true});
    for (int i = 0; i < 20; ++i) CHECK(writer.write(output::out, 99, "more\n"));
    seen = all(f.log()); // and what was half-made is gone
    CHECK(std::count(seen.begin(), seen.end(), "plain\n") == 1);
    CHECK(std::count(seen.begin(), seen.end(), "more\n") == 20);
  }
  SECTION("between two names") {
    std::filesystem::rename(f.log() + ".1.gz", f.log() + ".2.gz.away");
    std::filesystem::rename(f.log() + ".2.gz.away", f.path + "/aside");
    auto seen = all(f.log());
    CHECK(seen.front() == "0\n");
    CHECK(seen.back() == "59\n");
  }
}

TEST_CASE("a compressed log that is not whole is told, and does not end in silence") {
  folder f;
  (void)packed_log(f);
  std::filesystem::resize_file(f.log() + ".2.gz", 40);
  auto reader = log::reader::open(f.log(), {}).value();
  result<std::optional<log::entry>> next = reader.next();
  while (next && *next) next = reader.next();
  REQUIRE_FALSE(next);
  CHECK(next.error().code == errc::corrupt);
}

TEST_CASE("the oldest file goes, compressed or not") {
  folder f;
  log::writer writer(f.log(), {300, 3, true});
  for (int i = 0; i < 60; ++i) CHECK(writer.write(output::out, 1, std::to_string(i) + "\n"));
  std::vector<std::string> names;
  for (const auto& one : std::filesystem::directory_iterator(f.path)) names.push_back(one.path().filename());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"c.log", "c.log.1.gz", "c.log.2.gz"});
}

} // namespace
