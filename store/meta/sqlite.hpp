#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::store::sql {

class connection;

/// One execution of a prepared statement; the statement goes back to its connection at the end of life.
class query {
public:
  query(connection& db, sqlite3_stmt* statement) : db_(&db), statement_(statement) {}
  query(query&& other) noexcept : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}
  query& operator=(query&&) = delete;
  ~query();

  /// Moves to the next row; false after the last.
  result<bool> next();
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }

  void bind(int at, std::string_view value);
  template<std::integral T>
  void bind(int at, T value) {
    sqlite3_bind_int64(statement_, at, static_cast<sqlite3_int64>(value));
  }

private:
  connection* db_;
  sqlite3_stmt* statement_;
};

/// A connection to one SQLite file, with its prepared statements cached by their text. Not thread-safe.
class connection {
public:
  static result<std::unique_ptr<connection>> open(const std::string& path);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Prepares (or finds) `text` and binds `values` to ?1, ?2, … Rows are read from what it returns.
  template<class... Values>
  result<query> ask(std::string_view text, const Values&... values) {
    auto statement = prepared(text);
    if (!statement) return tl::unexpected(statement.error());
    query asked(*this, *statement);
    int at = 0;
    (asked.bind(++at, values), ...);
    return asked;
  }

  /// Executes to its end; the number of rows that it changed.
  template<class... Values>
  result<int> run(std::string_view text, const Values&... values) {
    auto asked = ask(text, values...);
    if (!asked) return tl::unexpected(asked.error());
    return finish(*asked);
  }

  /// Several statements without values or rows (schema, pragmas).
  result<void> script(const char* text);

  /// The sentence for SQLite's code `rc`. Anything but a broken constraint or a value that is too big also sets
  /// `broken`: the transaction cannot go on.
  [[nodiscard]] error explain(int rc, std::string detail = {});
  [[nodiscard]] bool broken() const { return broken_; }
  void clear_broken() { broken_ = false; }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

  /// Moves what it can of the log into the database file, waiting for nobody.
  result<void> checkpoint();
  [[nodiscard]] std::uint64_t log_bytes() const; ///< in the log and not yet moved

private:
  connection(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  result<sqlite3_stmt*> prepared(std::string_view text);
  result<int> finish(query& asked);

  std::string path_;
  sqlite3* db_;
  bool broken_ = false;
  int log_pages_ = 0;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

} // namespace gantry::store::sql
