// SPDX-License-Identifier: MIT
#include "sql/sqlite.hpp"

#include <sqlite3.h>

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "sql/sqlite_error.hpp"
#include "sql/sqlite_text.hpp"

namespace tether::sql {
namespace {

using Clock = std::chrono::steady_clock;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

struct Close {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
using Connection = std::unique_ptr<sqlite3, Close>;

/// A use of a prepared statement. A reset that never runs would keep a read transaction open and the WAL growing, and a
/// binding that stays would point to memory that is gone.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const override {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};  // a text may hold NUL
  }

 private:
  sqlite3_stmt* statement_;
};

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(const SqliteOptions& options);
  std::unique_ptr<Transaction> begin(Access access) override;
  std::int64_t execute(std::string_view text, std::span<const Value> parameters, const RowSink& sink) override;
  void execute_script(std::string_view script) override;
  std::vector<std::string> tables() override;
  void while_running(const std::function<void()>& tick) override;

  std::int64_t run(std::string_view text, std::span<const Value> parameters, const RowSink& sink);
  std::int64_t run_many(const BatchStatement& statement, std::span<const Value> parameters, const Batch& rows,
                        const RowSink& sink);
  void roll_back() noexcept;

 private:
  void use_wal();
  std::string journal_mode(std::string_view pragma);
  Prepared prepare(const std::string& text);
  sqlite3_stmt* cached(std::string_view text, std::span<const Column> columns, std::size_t scalars);
  void bind(sqlite3_stmt* statement, int first, std::span<const Value> values);
  std::int64_t step(sqlite3_stmt* statement, const RowSink& sink);
  [[noreturn]] void fail(int code);
  static int call_tick(void* database);

  std::string path_;
  int busy_timeout_ms_;
  std::function<void()> tick_;
  std::exception_ptr thrown_by_tick_;
  Connection connection_;
  // By text. After connection_, so that statements are finalized before it closes.
  std::unordered_map<std::string_view, Prepared> statements_;
};

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(database) {}
  ~SqliteTransaction() override {
    if (open_) database_.roll_back();
  }
  std::int64_t run(const Statement& statement, std::span<const Value> parameters, const RowSink& sink) override {
    return database_.run(statement.text, parameters, sink);
  }
  std::int64_t run_many(const BatchStatement& statement, std::span<const Value> parameters, const Batch& rows,
                        const RowSink& sink) override {
    return database_.run_many(statement, parameters, rows, sink);
  }
  void commit() override {
    database_.run("COMMIT", {}, {});
    open_ = false;
  }
  Engine engine() const override { return Engine::sqlite; }

 private:
  SqliteDatabase& database_;
  bool open_ = true;
};

// Instructions of SQLite between two calls of a tick: some thousand calls a second.
constexpr int k_instructions_per_tick = 20'000;
// The WAL is brought into the file once it is this long. Batches touch the same index pages again and again: the fewer
// checkpoints, the fewer of them are written twice.
constexpr int k_checkpoint_pages = 4'000;

int open_flags(Open open) {
  constexpr int k_always = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (open) {
    case Open::existing:
      return k_always | SQLITE_OPEN_READWRITE;
    case Open::create:
      return k_always | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Open::read_only:
      return k_always | SQLITE_OPEN_READONLY;
  }
  return k_always;
}

SqliteDatabase::SqliteDatabase(const SqliteOptions& options)
    : path_(options.path), busy_timeout_ms_(options.busy_timeout_ms) {
  const bool in_memory = path_ == ":memory:";
  if (!in_memory) check_path(path_, options.open == Open::create);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &connection, open_flags(options.open), nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) fail(code);
  sqlite3_busy_timeout(connection, busy_timeout_ms_);
  // SQLite opens a file that it may not write for reading, without a word.
  if (options.open != Open::read_only && sqlite3_db_readonly(connection, "main") == 1) fail(SQLITE_READONLY);
  // The first read of the file: here it shows whether it is a database at all.
  const bool is_wal = journal_mode("PRAGMA journal_mode") == "wal";
  if (in_memory) return;
  execute("PRAGMA page_size", {}, [&](const Row& row) { check_size(path_, row.integer(0)); });
  if (options.open == Open::read_only) return;
  if (!is_wal) use_wal();
  execute(options.durability == Durability::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", {}, {});
  sqlite3_wal_autocheckpoint(connection, k_checkpoint_pages);
  if (options.cache_kib != SqliteOptions().cache_kib) {
    execute("PRAGMA cache_size=-" + std::to_string(options.cache_kib), {}, {});
  }
}

std::string SqliteDatabase::journal_mode(std::string_view pragma) {
  std::string mode;
  execute(pragma, {}, [&](const Row& row) { mode = row.text(0); });
  return mode;
}

/// Two processes that open a new file at one moment can meet here, where SQLite does not wait by itself.
void SqliteDatabase::use_wal() {
  const auto deadline = Clock::now() + std::chrono::milliseconds(busy_timeout_ms_);
  for (;;) {
    try {
      if (journal_mode("PRAGMA journal_mode=WAL") == "wal") return;
    } catch (const Error& e) {
      if (e.code() != ErrorCode::busy) throw;
    }
    if (Clock::now() >= deadline) fail(SQLITE_BUSY);
    sqlite3_sleep(2);
  }
}

Prepared SqliteDatabase::prepare(const std::string& text) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  Prepared prepared(statement);
  if (code != SQLITE_OK) fail(code);
  TETHER_ASSERT(statement != nullptr);
  return prepared;
}

sqlite3_stmt* SqliteDatabase::cached(std::string_view text, std::span<const Column> columns, std::size_t scalars) {
  auto found = statements_.find(text);
  if (found == statements_.end()) {
    found = statements_.emplace(text, prepare(to_sqlite(text, columns, scalars))).first;
  }
  sqlite3_stmt* statement = found->second.get();
  TETHER_ASSERT(sqlite3_bind_parameter_count(statement) == static_cast<int>(scalars + columns.size()));
  return statement;
}

/// Values are bound where they lie: they outlive the step, and the use unbinds them.
void SqliteDatabase::bind(sqlite3_stmt* statement, int first, std::span<const Value> values) {
  int index = first;
  for (const Value& value : values) {
    int code = SQLITE_OK;
    if (const auto* text = std::get_if<std::string_view>(&value)) {
      const char* data = text->data() != nullptr ? text->data() : "";  // a null pointer would mean NULL
      code = sqlite3_bind_text64(statement, index, data, text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *integer);
    } else {
      code = sqlite3_bind_null(statement, index);
    }
    if (code != SQLITE_OK) fail(code);
    ++index;
  }
}

std::int64_t SqliteDatabase::step(sqlite3_stmt* statement, const RowSink& sink) {
  thrown_by_tick_ = nullptr;  // an interrupted rollback leaves its own behind
  const std::int64_t changes_before = sqlite3_total_changes64(connection_.get());
  const SqliteRow row(statement);
  std::int64_t rows = 0;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    ++rows;
    if (sink) sink(row);
  }
  if (code != SQLITE_DONE) fail(code);
  if (sqlite3_column_count(statement) > 0) return rows;
  // What changed nothing leaves the count of the statement before it in place.
  const bool changed = sqlite3_total_changes64(connection_.get()) != changes_before;
  return changed ? sqlite3_changes64(connection_.get()) : 0;
}

std::int64_t SqliteDatabase::run(std::string_view text, std::span<const Value> parameters, const RowSink& sink) {
  sqlite3_stmt* statement = cached(text, {}, parameters.size());
  const Use use(statement);
  bind(statement, 1, parameters);
  return step(statement, sink);
}

std::int64_t SqliteDatabase::run_many(const BatchStatement& batch, std::span<const Value> parameters, const Batch& rows,
                                      const RowSink& sink) {
  const std::size_t width = batch.columns.size();
  TETHER_ASSERT(width > 0 && rows.size() % width == 0);
  sqlite3_stmt* statement = cached(batch.text, batch.columns, parameters.size());
  const Use use(statement);
  bind(statement, 1, parameters);
  const int first = static_cast<int>(parameters.size()) + 1;
  std::int64_t count = 0;
  for (std::size_t at = 0; at < rows.size(); at += width) {
    bind(statement, first, std::span(rows).subspan(at, width));
    count += step(statement, sink);
    sqlite3_reset(statement);
  }
  return count;
}

std::unique_ptr<Transaction> SqliteDatabase::begin(Access access) {
  TETHER_ASSERT(sqlite3_get_autocommit(connection_.get()) != 0);  // one transaction at a time
  run(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN", {}, {});
  return std::make_unique<SqliteTransaction>(*this);
}

std::int64_t SqliteDatabase::execute(std::string_view text, std::span<const Value> parameters, const RowSink& sink) {
  const Prepared statement = prepare(to_sqlite(text, {}, parameters.size()));
  TETHER_ASSERT(sqlite3_bind_parameter_count(statement.get()) == static_cast<int>(parameters.size()));
  bind(statement.get(), 1, parameters);
  return step(statement.get(), sink);
}

void SqliteDatabase::execute_script(std::string_view script) {
  const auto transaction = begin(Access::write);
  const std::string text(script);
  const int code = sqlite3_exec(connection_.get(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
  transaction->commit();
}

std::vector<std::string> SqliteDatabase::tables() {
  std::vector<std::string> names;
  execute(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
      {}, [&](const Row& row) { names.emplace_back(row.text(0)); });
  return names;
}

void SqliteDatabase::while_running(const std::function<void()>& tick) {
  tick_ = tick;
  thrown_by_tick_ = nullptr;
  sqlite3_progress_handler(connection_.get(), k_instructions_per_tick, tick_ ? call_tick : nullptr, this);
}

/// Nothing may be thrown through SQLite: it is told to interrupt the statement, whose failure throws what was caught.
int SqliteDatabase::call_tick(void* database) {
  auto* self = static_cast<SqliteDatabase*>(database);
  try {
    self->tick_();
    return 0;
  } catch (...) {
    self->thrown_by_tick_ = std::current_exception();
    return 1;
  }
}

void SqliteDatabase::fail(int code) {
  if (thrown_by_tick_) std::rethrow_exception(std::exchange(thrown_by_tick_, nullptr));
  throw_sqlite_error(code, connection_.get(), path_);
}

void SqliteDatabase::roll_back() noexcept {
  // A full disk or a failed write has rolled back already.
  if (sqlite3_get_autocommit(connection_.get()) != 0) return;
  sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace

std::unique_ptr<Database> open_sqlite(const SqliteOptions& options) {
  // Counting every allocation under one lock costs some percent, and nobody reads the count. Only before the first use.
  static const int k_uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(k_uncounted);
  return std::make_unique<SqliteDatabase>(options);
}

}  // namespace tether::sql
