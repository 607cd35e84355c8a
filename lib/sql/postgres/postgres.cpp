// SPDX-License-Identifier: MIT
#include "sql/postgres/postgres.hpp"

#include <deque>
#include <string>
#include <vector>

#include "sql/postgres/connection.hpp"
#include "sql/postgres/statement_text.hpp"

namespace tether::sql {
namespace {

// Not READ WRITE: that would overrule an operator who set the database to read only.
constexpr const char* k_begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr const char* k_begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// For this transaction alone, since a pooler may give the connection to someone else afterwards.
// - Every statement of ours finds its rows by an index. A planner that knows nothing yet of a new table may think
//   otherwise, and would read all of it for each batch or page. What is off is only thought to be dear; a plan that
//   looks dear would be compiled, which takes longer than to run it: so that is off, too.
// - A machine that vanishes in the middle of a transaction soon holds no lock.
// - A lock and a statement take no longer than whoever opened the database has patience for.
std::string settings(Access access, const Patience& patience) {
  std::string text =
      "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), "
      "set_config('jit', 'off', true)";
  if (access == Access::write) {
    text += ", set_config('lock_timeout', '" + std::to_string(patience.lock.count()) +
            "', true), set_config('idle_in_transaction_session_timeout', '20s', true)";
  }
  if (patience.statement.count() > 0) {
    text += ", set_config('statement_timeout', '" + std::to_string(patience.statement.count()) + "', true)";
  }
  return text;
}

// For Postgres to break a statement off by itself, and to say so.
constexpr std::chrono::milliseconds k_grace{2'000};

std::chrono::milliseconds with_grace(std::chrono::milliseconds patience) {
  return patience.count() > 0 ? patience + k_grace : patience;
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(const std::string& url, const Patience& patience)
      : connection_(url, with_grace(patience.statement)),
        patience_(patience),
        read_settings_(settings(Access::read, patience)),
        write_settings_(settings(Access::write, patience)) {}
  std::unique_ptr<Transaction> begin(Access access) override;
  std::int64_t execute(std::string_view text, std::span<const Value> parameters, const RowSink& sink) override;
  void execute_script(std::string_view script) override { connection_.run_script(to_postgres_schema(script)); }
  void wait_for_locks(std::chrono::milliseconds longest) override;
  std::vector<std::string> tables() override;

  Connection& connection() { return connection_; }
  const std::string& settings_for(Access access) const {
    return access == Access::write ? write_settings_ : read_settings_;
  }
  void end_transaction() { in_transaction_ = false; }

 private:
  Connection connection_;
  Patience patience_;
  const std::string read_settings_;
  std::string write_settings_;
  bool in_transaction_ = false;
};

class PostgresTransaction final : public Transaction {
 public:
  PostgresTransaction(PostgresDatabase& database, Access access) : database_(database), access_(access) {}
  ~PostgresTransaction() override;
  std::int64_t run(const Statement& statement, std::span<const Value> parameters, const RowSink& sink) override;
  std::int64_t run_many(const BatchStatement& statement, std::span<const Value> parameters, const Batch& rows,
                        const RowSink& sink) override;
  void run_in_turn(std::span<const Call> calls) override;
  void commit() override;
  Engine engine() const override { return Engine::postgres; }

 private:
  enum class State { not_begun, open, failed, ended };
  std::int64_t run(std::span<const Query> queries);
  void end(const char* how);

  PostgresDatabase& database_;
  Access access_;
  State state_ = State::not_begun;
};

PostgresTransaction::~PostgresTransaction() {
  try {
    if (state_ == State::open || state_ == State::failed) end("ROLLBACK");
  } catch (const std::exception&) {  // the connection is lost, and with it the transaction
    state_ = State::ended;
  }
  database_.end_transaction();
}

std::int64_t PostgresTransaction::run(const Statement& statement, std::span<const Value> parameters,
                                      const RowSink& sink) {
  const std::string text(statement.text);
  const Parameters encoded(parameters);
  const Query query{text.c_str(), encoded, &sink};
  return run({&query, 1});
}

std::int64_t PostgresTransaction::run_many(const BatchStatement& statement, std::span<const Value> parameters,
                                           const Batch& rows, const RowSink& sink) {
  TETHER_ASSERT(!statement.columns.empty() && rows.size() % statement.columns.size() == 0);
  if (rows.empty()) return 0;
  const std::vector<bool> constant = constant_columns(statement.columns.size(), rows);
  const std::string text = to_postgres(statement.text, statement.columns, constant, parameters.size());
  const Parameters encoded(parameters, statement.columns, constant, rows);
  const Query query{text.c_str(), encoded, &sink};
  return run({&query, 1});
}

void PostgresTransaction::run_in_turn(std::span<const Call> calls) {
  std::deque<std::string> texts;  // queries point to what is in here
  std::deque<Parameters> encoded;
  std::vector<Query> queries;
  for (const Call& call : calls) {
    const std::string& text = texts.emplace_back(call.statement.text);
    queries.push_back({text.c_str(), encoded.emplace_back(call.parameters), &call.sink});
  }
  run(queries);
}

/// What comes first takes BEGIN along, in one round trip.
std::int64_t PostgresTransaction::run(std::span<const Query> queries) {
  TETHER_ASSERT(state_ == State::not_begun || state_ == State::open);  // nothing runs after a failure
  const Parameters none;
  std::vector<Query> all;
  if (state_ == State::not_begun) {
    all.push_back({access_ == Access::write ? k_begin_write : k_begin_read, none});
    all.push_back({database_.settings_for(access_).c_str(), none});
  }
  for (const Query& query : queries) all.push_back(query);
  state_ = State::failed;
  const auto count = database_.connection().run(all);
  state_ = State::open;
  return count;
}

void PostgresTransaction::commit() {
  TETHER_ASSERT(state_ == State::not_begun || state_ == State::open);
  if (state_ == State::open) end("COMMIT");
  state_ = State::ended;
}

void PostgresTransaction::end(const char* how) {
  state_ = State::ended;  // also when it fails: then the connection is lost, or Postgres has rolled back
  // What a reader has seen it has seen.
  if (access_ == Access::read) return database_.connection().run_unheard(how);
  const Parameters none;
  const Query query{how, none};
  database_.connection().run({&query, 1});
}

std::unique_ptr<Transaction> PostgresDatabase::begin(Access access) {
  TETHER_ASSERT(!in_transaction_);  // one at a time
  in_transaction_ = true;
  return std::make_unique<PostgresTransaction>(*this, access);
}

std::int64_t PostgresDatabase::execute(std::string_view text, std::span<const Value> parameters, const RowSink& sink) {
  const std::string copy(text);
  const Parameters encoded(parameters);
  const Query query{copy.c_str(), encoded, &sink};
  return connection_.run({&query, 1});
}

void PostgresDatabase::wait_for_locks(std::chrono::milliseconds longest) {
  TETHER_ASSERT(longest.count() > 0);  // for Postgres 0 is without end
  patience_.lock = longest;
  write_settings_ = settings(Access::write, patience_);
}

std::vector<std::string> PostgresDatabase::tables() {
  std::vector<std::string> names;
  execute("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename::bytea",
          {}, [&](const Row& row) { names.emplace_back(row.text(0)); });
  return names;
}

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url, const Patience& patience) {
  return std::make_unique<PostgresDatabase>(url, patience);
}

}  // namespace tether::sql
