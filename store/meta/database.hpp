#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "messages/domain/change.hpp"
#include "runtime/sys/files.hpp"
#include "store/meta/reserve.hpp"

namespace gantry::store {

namespace sql {
class connection;
}

/// The records that outlive the process: <root>/meta.db (SQLite, WAL; store/README.md, "Records").
/// Every call blocks on the disk. One thread at a time: the metadata actor's.
class database {
public:
  /// Opens or creates, checks the file (PRAGMA quick_check) and migrates an older schema in one transaction.
  /// Errors: corrupt, saying what to do, when the file is damaged or not a database; failed_precondition when the
  /// schema is newer, naming both versions; unavailable when another process has it locked for 5 s.
  static result<database> open(const std::string& path);
  ~database();
  database(database&&) noexcept;
  database& operator=(database&&) noexcept;

  /// Makes all changes in one transaction, in order, each in a savepoint of its own: one that fails leaves no trace
  /// and does not harm the others. The outcomes are in the order of `changes`.
  /// `cached`: survives the death of the process at once, and a power cut after the next sync. `synced`: this
  /// transaction and every earlier one are on the disk before it returns; a removal's record and an image's commit
  /// need that before a folder is touched.
  /// On a full disk the erasures among `changes` are made with the help of the reserve, the others fail.
  /// Errors (nothing was changed): exhausted when the disk is full, corrupt, unavailable, internal.
  result<std::vector<result<void>>> apply(std::span<const change> changes,
                                          sys::durability how = sys::durability::cached);

  /// All records. A row that cannot be read is left out and named in `problems`. Errors: of the file as a whole.
  result<everything> load_all();

  /// Moves the log (WAL) into the database file, and makes the reserve anew if it was used. Commits never do the former
  /// themselves until the log has 64 MiB: whoever commits calls this when it has nothing else to do.
  result<void> checkpoint();
  [[nodiscard]] std::uint64_t log_bytes() const; ///< in the log, not yet moved: a measure of when to checkpoint

private:
  enum class allow : std::uint8_t { all, erasures };

  database(std::string path, std::unique_ptr<sql::connection> db);
  result<std::vector<result<void>>> commit(std::span<const change> changes, sys::durability how, allow which);

  std::string path_;
  std::unique_ptr<sql::connection> db_;
  reserve_file reserve_;
};

} // namespace gantry::store
