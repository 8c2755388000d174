#include "tools/gantry-load/measure/failure.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace gantry::load {

namespace {

constexpr std::size_t most_words = 8, most_bytes = 72, shortest_id = 12;

bool all_of(std::string_view text, int (*kind)(int)) {
  return std::all_of(text.begin(), text.end(), [kind](unsigned char c) { return kind(c) != 0; });
}

/// One run of letters and digits, made general.
std::string general(std::string_view run) {
  if (run.size() >= shortest_id && all_of(run, ::isxdigit)) return "<id>";
  if (!run.empty() && all_of(run, ::isdigit)) return "N";
  return std::string(run);
}

std::string general_word(std::string_view word) {
  std::string made;
  std::size_t at = 0;
  while (at < word.size()) {
    auto end = at;
    while (end < word.size() && ::isalnum(static_cast<unsigned char>(word[end])) != 0) ++end;
    made += general(word.substr(at, end - at));
    if (end < word.size()) {
      auto c = static_cast<unsigned char>(word[end]);
      made += c < 0x20 || c == 0x7f ? '?' : static_cast<char>(c);
      ++end;
    }
    at = end;
  }
  return made;
}

std::string_view next_word(std::string_view& left) {
  constexpr std::string_view space = " \t\r\n";
  auto begin = left.find_first_not_of(space);
  if (begin == left.npos) return {};
  left.remove_prefix(begin);
  auto word = left.substr(0, left.find_first_of(space));
  left.remove_prefix(word.size());
  return word;
}

std::string message_in(std::string_view body) {
  auto document = nlohmann::json::parse(body, nullptr, false);
  if (document.is_object())
    if (auto found = document.find("message"); found != document.end() && found->is_string())
      return found->get<std::string>();
  return std::string(body);
}

} // namespace

std::string first_words(std::string_view message) {
  std::string made;
  for (std::size_t n = 0; n < most_words; ++n) {
    auto word = next_word(message);
    if (word.empty()) break;
    auto added = general_word(word.substr(0, most_bytes));
    if (n != 0 && made.size() + added.size() >= most_bytes) break;
    made += (n == 0 ? "" : " ") + added;
  }
  return made.substr(0, most_bytes);
}

failure failure_of_answer(int status, std::string_view body, std::optional<std::chrono::milliseconds> retry_after) {
  failure made;
  made.why = failure::cause::status;
  made.status = status;
  made.words = message_in(body);
  made.retry_after = retry_after;
  return made;
}

std::string kind_of(const failure& what) {
  auto words = first_words(what.words);
  auto with_words = [&](std::string text) { return words.empty() ? text : text + " " + words; };
  switch (what.why) {
  case failure::cause::connect:
    return with_words(what.step + ": connect:");
  case failure::cause::timeout:
    return what.step + ": timeout";
  case failure::cause::broken:
    return with_words(what.step + ": broken:");
  case failure::cause::status:
    return with_words(fmt::format("{}: HTTP {}", what.step, what.status));
  case failure::cause::exit:
    return with_words(fmt::format("{}: exit status {}", what.step, what.status));
  }
  return what.step;
}

} // namespace gantry::load
