#include "runtime/monitor/protocol/exit_record.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include "runtime/sys/files.hpp"

namespace gantry::monitor {

std::string exit_record_path(const std::string& run_dir, const key& container) {
  return run_dir + "/exits/" + container.ns + "-" + container.id;
}

result<exit_record> read_exit_record(const std::string& run_dir, const key& container) {
  auto path = exit_record_path(run_dir, container);
  GANTRY_LET(auto text, sys::read_file(path, 4096));
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(text).get(document) != simdjson::SUCCESS) return fail(errc::corrupt, "{}: not JSON", path);
  exit_record record;
  std::int64_t exit_code = 0, pid = 0;
  auto bad = document["exit_code"].get(exit_code) || document["oom_killed"].get(record.oom_killed) ||
             document["status_unknown"].get(record.status_unknown) || document["pid"].get(pid) ||
             document["pid_start_time"].get(record.pid_start_time) || document["started_at"].get(record.started_at) ||
             document["finished_at"].get(record.finished_at);
  if (bad) return fail(errc::corrupt, "{}: a field of the exit record is missing", path);
  record.exit_code = static_cast<int>(exit_code);
  record.pid = static_cast<std::int32_t>(pid);
  return record;
}

result<void> write_exit_record(const std::string& run_dir, const key& container, const exit_record& record) {
  nlohmann::ordered_json document = {{"exit_code", record.exit_code},           {"oom_killed", record.oom_killed},
                                     {"status_unknown", record.status_unknown}, {"pid", record.pid},
                                     {"pid_start_time", record.pid_start_time}, {"started_at", record.started_at},
                                     {"finished_at", record.finished_at}};
  return sys::write_file(exit_record_path(run_dir, container), document.dump() + "\n", 0600);
}

} // namespace gantry::monitor
