#include "store/meta/database.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "store/meta/load.hpp"
#include "store/meta/schema.hpp"
#include "store/meta/write_change.hpp"

namespace gantry::store {
namespace {

constexpr std::uint64_t max_log_bytes = 64u << 20;

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// A damaged page found now is a sentence at the start; found later it is a container that cannot be removed.
result<void> check_integrity(sql::connection& db) {
  GANTRY_LET(auto check, db.ask("PRAGMA quick_check(1)"));
  GANTRY_LET(bool any, check.next());
  if (any && check.text(0) == "ok") return {};
  return tl::unexpected(db.explain(SQLITE_CORRUPT, check.text(0)));
}

result<std::unique_ptr<sql::connection>> open_checked(const std::string& path) {
  GANTRY_LET(auto db, sql::connection::open(path));
  GANTRY_TRY(check_integrity(*db));
  GANTRY_TRY(migrate_schema(*db, path));
  return db;
}

/// One change in a savepoint. An error with db.broken() set is that of the whole transaction.
result<void> in_savepoint(sql::connection& db, const change& what) {
  GANTRY_TRY(db.run("SAVEPOINT one"));
  auto made = write_change(db, what);
  if (db.broken()) return made;
  if (!made) GANTRY_TRY(db.run("ROLLBACK TO one"));
  GANTRY_TRY(db.run("RELEASE one"));
  return made;
}

/// synchronous=FULL makes COMMIT fsync the log, and with it all frames of earlier commits, which is all that a promise
/// needs. A checkpoint would do that too, and then copy pages and fsync the database file as well, while callers wait.
class synced_commits {
public:
  synced_commits(sql::connection& db, sys::durability how) : db_(db), on_(how == sys::durability::synced) {
    if (on_) set_ = db_.script("PRAGMA synchronous=FULL");
  }
  ~synced_commits() {
    if (on_) (void)db_.script("PRAGMA synchronous=NORMAL");
  }
  synced_commits(const synced_commits&) = delete;
  synced_commits& operator=(const synced_commits&) = delete;

  result<void> begin() {
    GANTRY_TRY(set_);
    GANTRY_TRY(db_.run("BEGIN IMMEDIATE"));
    // A transaction that writes nothing syncs nothing; this one must sync the commits before it, too.
    if (on_) GANTRY_TRY(db_.run("UPDATE syncs SET count = count + 1"));
    return {};
  }

private:
  sql::connection& db_;
  bool on_;
  result<void> set_;
};

} // namespace

database::database(std::string path, std::unique_ptr<sql::connection> db)
    : path_(std::move(path)), db_(std::move(db)), reserve_(folder_of(path_) + "/reserve") {}
database::~database() = default;
database::database(database&&) noexcept = default;
database& database::operator=(database&&) noexcept = default;

result<database> database::open(const std::string& path) {
  auto db = open_checked(path);
  // SQLite needs room beside the file to open it. On a full disk the engine must start all the same: to remove things.
  if (!db && db.error().code == errc::exhausted && reserve_file(folder_of(path) + "/reserve").release())
    db = open_checked(path);
  if (!db) return tl::unexpected(db.error());
  if (::chmod(path.c_str(), 0600) != 0) return fail_errno(errno, "chmod {}", path);
  GANTRY_TRY(sys::sync_directory(folder_of(path)));
  database made(path, std::move(*db));
  (void)made.reserve_.restore();
  return made;
}

result<std::vector<result<void>>> database::apply(std::span<const change> changes, sys::durability how) {
  if (log_bytes() > max_log_bytes) (void)checkpoint();
  auto done = commit(changes, how, allow::all);
  bool full = !done && done.error().code == errc::exhausted;
  if (!full || std::none_of(changes.begin(), changes.end(), is_erasure)) return done;
  reserve_.release();
  // With its frames in the database file, the log begins anew and needs no more space for a while.
  (void)db_->checkpoint();
  return commit(changes, how, allow::erasures);
}

result<std::vector<result<void>>> database::commit(std::span<const change> changes, sys::durability how, allow which) {
  db_->clear_broken();
  synced_commits transaction(*db_, how);
  std::vector<result<void>> outcomes;
  outcomes.reserve(changes.size());
  auto made = transaction.begin();
  for (std::size_t at = 0; made && at < changes.size(); ++at) {
    if (which == allow::erasures && !is_erasure(changes[at])) {
      outcomes.push_back(tl::unexpected(db_->explain(SQLITE_FULL)));
      db_->clear_broken();
      continue;
    }
    outcomes.push_back(in_savepoint(*db_, changes[at]));
    if (db_->broken()) made = outcomes.back();
  }
  if (made) made = db_->script("COMMIT");
  if (made) return outcomes;
  if (db_->in_transaction()) (void)db_->script("ROLLBACK");
  return within(made.error(), "write the records");
}

result<everything> database::load_all() { return load_everything(*db_); }

result<void> database::checkpoint() {
  GANTRY_TRY(db_->checkpoint());
  (void)reserve_.restore(); // while the disk is full it stays away, and is tried again the next time
  return {};
}

std::uint64_t database::log_bytes() const { return db_->log_bytes(); }

} // namespace gantry::store
