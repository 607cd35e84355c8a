// SPDX-License-Identifier: MIT
// How we talk to a database: statements that both engines understand, handed over one by one or as whole batches.
// A Database is one connection and one thread's world. Failures are thrown as Error or Fatal with the codes of
// base/error.hpp (disk_full, corrupt, …; not_found for a table that is not there). After Error(busy) another attempt at
// the whole transaction may succeed; after Error(unreachable) one on another connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace tether::sql {

using Null = std::monostate;
/// A parameter. A text view must live until the call that it is given to returns.
using Value = std::variant<Null, std::int64_t, std::string_view>;

/// One row of a result. Views die when the sink that was given the row returns.
class Row {
 public:
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;   // 0 for NULL
  virtual std::string_view text(int column) const = 0;  // empty for NULL
 protected:
  ~Row() = default;
};
using RowSink = std::function<void(const Row&)>;

/// NULL as nullopt, both ways.
inline std::optional<std::int64_t> optional_integer(const Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.integer(column));
}
inline Value value_of(const std::optional<std::int64_t>& number) {
  return number ? Value(*number) : Value(Null{});
}

/// One statement. Parameters are $1, $2, …; the text lives for ever (a literal), and prepared forms are kept by it.
struct Statement {
  std::string_view text;
};

enum class Type { integer, text };
struct Column {
  std::string_view name;
  Type type;
};

/// One statement over many rows, in one of two forms. `{values …}` names scalars and columns of the row to insert:
///   INSERT INTO t(scope, id, n) {values $1, id, n} ON CONFLICT (id) DO NOTHING RETURNING id
/// `{rows}` stands for a table of the columns given, and `{each …}`, at the end, for what is looked up for each of
/// them, by an index, whatever a planner knows or believes of the table:
///   SELECT t.n FROM {rows} AS r CROSS JOIN {each things AS t WHERE t.scope = $1 AND t.id = r.id}
/// SQLite steps one prepared statement per row, inside the transaction the fastest way; Postgres sends one statement
/// with one array parameter per column. A statement must therefore mean the same both ways: rows do not see each other.
struct BatchStatement {
  std::string_view text;
  std::span<const Column> columns;
};

/// Rows of parameters, flat: size is a multiple of the number of columns.
using Batch = std::vector<Value>;

/// A statement, what it is given, and who hears its rows.
struct Call {
  const Statement& statement;
  std::vector<Value> parameters;
  RowSink sink = {};
};

enum class Access { read, write };

/// Asked for only where one statement cannot serve both: see authority/ledger.cpp.
enum class Engine { sqlite, postgres };

/// An open transaction. Rolled back when destroyed without commit.
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Returns the number of rows changed; for a query, of rows given to `sink`.
  virtual std::int64_t run(const Statement& statement, std::span<const Value> parameters, const RowSink& sink = {}) = 0;
  virtual std::int64_t run_many(const BatchStatement& statement, std::span<const Value> parameters, const Batch& rows,
                                const RowSink& sink = {}) = 0;
  /// Each in its turn, in one round trip where round trips are made: a sink has heard all rows of its own when the next
  /// one hears its first.
  virtual void run_in_turn(std::span<const Call> calls) {
    for (const Call& call : calls) run(call.statement, call.parameters, call.sink);
  }
  /// When it fails with unreachable, whether it took effect is not known.
  virtual void commit() = 0;
  virtual Engine engine() const = 0;

  std::int64_t run(const Statement& statement, std::initializer_list<Value> parameters, const RowSink& sink = {}) {
    return run(statement, std::span<const Value>(parameters.begin(), parameters.size()), sink);
  }
  std::int64_t run_many(const BatchStatement& statement, std::initializer_list<Value> parameters, const Batch& rows,
                        const RowSink& sink = {}) {
    return run_many(statement, std::span<const Value>(parameters.begin(), parameters.size()), rows, sink);
  }
};

class Database {
 public:
  virtual ~Database() = default;
  /// One at a time per Database. A read transaction sees one state of the database. A write transaction of SQLite holds
  /// the write lock from its first moment (BEGIN IMMEDIATE); one of Postgres sees what others commit meanwhile, and
  /// after an Error nothing more can be done in it.
  virtual std::unique_ptr<Transaction> begin(Access access) = 0;
  /// One statement outside a transaction: PRAGMA, VACUUM.
  virtual std::int64_t execute(std::string_view text, std::span<const Value> parameters = {},
                               const RowSink& sink = {}) = 0;
  /// Several statements separated by semicolons, in one write transaction, all or nothing: a schema.
  virtual void execute_script(std::string_view script) = 0;
  /// From now on `tick` is called every so often while a statement runs, so that it can be shown that it does; an empty
  /// one ends that. It must not use this database. What it throws ends the statement, which throws it. A driver that
  /// cannot tell never calls it.
  virtual void while_running(const std::function<void()>& tick) { static_cast<void>(tick); }
  /// From now on a write transaction waits at most so long for each lock that another one holds, then fails with busy.
  /// A driver whose writers wait for nothing but the whole database goes on as it was opened.
  virtual void wait_for_locks(std::chrono::milliseconds longest) { static_cast<void>(longest); }
  /// The names of all tables, sorted: what tells a new database from someone else's.
  virtual std::vector<std::string> tables() = 0;
};

/// Has `tick` called while statements run (Database::while_running), as long as it lives; an empty one is none.
class Ticking {
 public:
  Ticking(Database& database, const std::function<void()>& tick) : database_(database) {
    database_.while_running(tick);
  }
  ~Ticking() { database_.while_running({}); }
  Ticking(const Ticking&) = delete;
  Ticking& operator=(const Ticking&) = delete;

 private:
  Database& database_;
};

/// Runs `body(Transaction&)` in one transaction and commits it; whatever leaves `body` by exception rolls it back.
template <typename Body>
auto in_transaction(Database& database, Access access, Body&& body) {
  auto transaction = database.begin(access);
  if constexpr (std::is_void_v<decltype(body(*transaction))>) {
    body(*transaction);
    transaction->commit();
  } else {
    auto result = body(*transaction);
    transaction->commit();
    return result;
  }
}

}  // namespace tether::sql
