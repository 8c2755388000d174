#include "store/meta/sqlite.hpp"

#include <cerrno>

namespace gantry::store::sql {
namespace {

constexpr int busy_milliseconds = 5000;
constexpr std::uint64_t page_bytes = 4096;
constexpr int max_value_bytes = 64 << 20; // a record is at most an image's: 8 MiB of config, escaped in JSON

/// Guards against a damaged or hostile file (sqlite.org/security.html); checkpoints only when asked.
constexpr auto settings = R"(
  PRAGMA page_size=4096;
  PRAGMA trusted_schema=OFF;
  PRAGMA cell_size_check=ON;
  PRAGMA synchronous=NORMAL;
  PRAGMA wal_autocheckpoint=0;
  PRAGMA journal_size_limit=16777216;
)";

error damaged(const std::string& path, const char* detail) {
  return {errc::corrupt,
          fmt::format("{0} is damaged ({1}). Stop the engine and keep a copy; then restore a backup, or try "
                      "`sqlite3 {0} .recover | sqlite3 {0}.new` and put the new file in its place. With no file there, "
                      "the engine starts without containers and images; volumes stay",
                      path, detail),
          0};
}

error no_space(const std::string& path) {
  return {errc::exhausted,
          fmt::format("{}: the disk is full. Remove containers or images that are not needed, or free space otherwise",
                      path),
          ENOSPC};
}

/// SQLite stays in its old mode, without an error, where shared memory cannot be had.
result<void> use_log(connection& db, const std::string& path) {
  GANTRY_LET(auto mode, db.ask("PRAGMA journal_mode=WAL"));
  GANTRY_LET(bool any, mode.next());
  if (any && mode.text(0) == "wal") return {};
  return fail(errc::failed_precondition,
              "{}: its file system cannot hold the log of the database (is it NFS?): choose a "
              "--root on a local disk",
              path);
}

} // namespace

query::~query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

result<bool> query::next() {
  int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return tl::unexpected(db_->explain(rc));
}

std::string query::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

void query::bind(int at, std::string_view value) {
  sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

result<std::unique_ptr<connection>> connection::open(const std::string& path) {
  sqlite3* db = nullptr;
  constexpr int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  int rc = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  if (db == nullptr) return fail(errc::internal, "{}: no memory to open the database", path);
  std::unique_ptr<connection> made(new connection(path, db));
  if (rc != SQLITE_OK) return tl::unexpected(made->explain(rc));
  sqlite3_busy_timeout(db, busy_milliseconds);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, max_value_bytes);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  GANTRY_TRY(made->script(settings));
  GANTRY_TRY(use_log(*made, path));
  auto count_pages = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<connection*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(db, count_pages, made.get()); // after the settings: one of them takes the hook away
  return made;
}

connection::~connection() {
  for (auto& [text, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

result<sqlite3_stmt*> connection::prepared(std::string_view text) {
  if (auto known = statements_.find(text); known != statements_.end()) return known->second;
  sqlite3_stmt* statement = nullptr;
  int rc = sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                              nullptr);
  if (rc != SQLITE_OK) return tl::unexpected(explain(rc));
  statements_.emplace(text, statement);
  return statement;
}

result<int> connection::finish(query& asked) {
  for (;;) {
    GANTRY_LET(bool more, asked.next());
    if (!more) return sqlite3_changes(db_);
  }
}

result<void> connection::script(const char* text) {
  int rc = sqlite3_exec(db_, text, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return tl::unexpected(explain(rc));
  return {};
}

result<void> connection::checkpoint() {
  int in_log = 0, moved = 0;
  int rc = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
  if ((rc & 0xff) == SQLITE_BUSY) return {}; // a tool of an administrator reads: what it needs is moved the next time
  if (rc != SQLITE_OK) return tl::unexpected(explain(rc));
  if (in_log == moved) log_pages_ = 0;
  return {};
}

std::uint64_t connection::log_bytes() const { return static_cast<std::uint64_t>(log_pages_) * page_bytes; }

error connection::explain(int rc, std::string detail) {
  if (detail.empty()) detail = sqlite3_errmsg(db_);
  int os_errno = sqlite3_system_errno(db_);
  int primary = rc & 0xff;
  if (primary == SQLITE_CONSTRAINT) return {errc::already_exists, fmt::format("{}: {}", path_, detail), 0};
  if (primary == SQLITE_TOOBIG)
    return {errc::invalid_argument, fmt::format("{}: a record is larger than {} bytes", path_, max_value_bytes), 0};
  broken_ = true;
  if (primary == SQLITE_FULL || (primary == SQLITE_IOERR && (os_errno == ENOSPC || os_errno == EDQUOT)))
    return no_space(path_);
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) return damaged(path_, detail.c_str());
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
    return {errc::unavailable,
            fmt::format("{}: another process has had the database locked for {} s: find it with `fuser {}`", path_,
                        busy_milliseconds / 1000, path_),
            0};
  return {errc::internal, fmt::format("{}: {} (SQLite code {})", path_, detail, rc), os_errno};
}

} // namespace gantry::store::sql
