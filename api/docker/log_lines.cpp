#include "api/docker/log_lines.hpp"

#include "runtime/stream/stream_frame.hpp"

namespace gantry::docker {
namespace {

constexpr std::size_t portion = 64u << 10;

/// RFC 3339 with all nine decimals, so that columns line up (Docker's RFC3339NanoFixed).
std::string fixed_time(unix_nanos time) {
  constexpr unix_nanos second = 1'000'000'000;
  auto whole = log::format_time(time / second * second);
  whole.pop_back();
  return whole + fmt::format(".{:09}Z", time % second);
}

} // namespace

std::string log_line(const log::entry& entry, log_format how) {
  auto text = how.timestamps ? fixed_time(entry.time) + " " : std::string();
  if (how.details) text += entry.details + " ";
  text += entry.text;
  if (how.raw) return text;
  auto type = entry.from == log::output::err ? monitor::frame::stderr_data : monitor::frame::stdout_data;
  return stream::header(type, text.size()) + text;
}

struct log_lines::state {
  std::string path;
  log::query what;
  log_format how;
  std::optional<log::reader> reader; ///< opened with the first portion
  bool finished = false;

  result<std::string> read() {
    if (!reader) {
      GANTRY_LET(reader, log::reader::open(path, what));
    }
    std::string out;
    while (out.size() < portion) {
      GANTRY_LET(auto entry, reader->next());
      if (!entry) break;
      out += log_line(*entry, how);
    }
    finished = reader->finished();
    return out;
  }
};

log_lines::log_lines(std::string path, log::query what, log_format how)
    : state_(std::make_shared<state>(state{std::move(path), what, how, std::nullopt, false})) {}

awaitable<result<std::string>> log_lines::next(context& door) {
  // Named: GCC 12 destroys a temporary with captures twice when it stands in the awaited expression (PR 99576).
  auto read = [shared = state_] { return shared->read(); };
  co_return co_await on_disk(door, std::move(read));
}

bool log_lines::finished() const { return state_->finished; }

} // namespace gantry::docker
