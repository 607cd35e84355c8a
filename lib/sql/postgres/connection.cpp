// SPDX-License-Identifier: MIT
#include "sql/postgres/connection.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <exception>

#include "base/error.hpp"
#include "sql/postgres/opening.hpp"
#include "sql/postgres/postgres_error.hpp"

namespace tether::sql {
namespace {

constexpr int k_text_format = 0;

std::int64_t to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  TETHER_ASSERT(error == std::errc() && end == text.data() + text.size());  // the statement is ours
  return number;
}

class PostgresRow final : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}
  bool is_null(int column) const override { return PQgetisnull(result_, row_, column) != 0; }
  std::int64_t integer(int column) const override { return is_null(column) ? 0 : to_integer(text(column)); }
  std::string_view text(int column) const override {
    return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }

 private:
  const PGresult* result_;
  int row_;
};

std::string_view view(const char* text) {
  return text != nullptr ? std::string_view(text) : std::string_view();
}

std::string_view state_of(const PGresult* result) {
  return view(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}

}  // namespace

/// The first thing that went wrong in a round trip. It is raised when all answers are in: those that were left would be
/// taken for the answers to what comes next.
struct Connection::Trouble {
  Result failed;
  Result broken;              // a failure that libpq made itself: rows may be missing
  std::exception_ptr thrown;  // by the sink
};

void Connection::Close::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

void Connection::Clear::operator()(pg_result* result) const {
  PQclear(result);
}

Connection::Connection(const std::string& url) : name_(postgres_name(url)), connection_(open_connection(url, name_)) {
  TETHER_ASSERT(PQenterPipelineMode(connection_.get()) == 1);
}

bool Connection::is_lost() const {
  return PQstatus(connection_.get()) != CONNECTION_OK;
}

std::int64_t Connection::run(std::span<const Query> queries, const RowSink& sink) {
  for (const Query& query : queries) send(query);
  if (PQpipelineSync(connection_.get()) == 0) fail_lost();
  Trouble trouble;
  std::int64_t count = 0;
  for (std::size_t left = queries.size(); left > 0; --left) count = receive(left == 1 ? sink : RowSink(), trouble);
  const bool in_step = receive_end();
  if (trouble.failed) fail(trouble.failed.get());
  if (!in_step) fail_lost();
  if (trouble.broken) throw_lost_connection(view(PQresultErrorMessage(trouble.broken.get())), name_);
  if (trouble.thrown) std::rethrow_exception(trouble.thrown);
  return count;
}

void Connection::send(const Query& query) {
  const Parameters& parameters = query.parameters;
  const int sent = PQsendQueryParams(connection_.get(), query.text, parameters.count(), parameters.types(),
                                     parameters.values(), parameters.lengths(), parameters.formats(), k_text_format);
  if (sent == 0) fail_lost();
}

/// The answer to the oldest query. Row by row, so that memory does not grow with a result.
std::int64_t Connection::receive(const RowSink& sink, Trouble& trouble) {
  PQsetSingleRowMode(connection_.get());
  std::int64_t count = 0;
  while (Result result = Result(PQgetResult(connection_.get()))) {
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
        ++count;
        if (!sink || trouble.thrown) break;
        try {
          sink(PostgresRow(result.get(), 0));
        } catch (...) {
          trouble.thrown = std::current_exception();
        }
        break;
      case PGRES_TUPLES_OK:  // the end of the rows
        break;
      case PGRES_COMMAND_OK:
        if (const auto changed = view(PQcmdTuples(result.get())); !changed.empty()) count = to_integer(changed);
        break;
      case PGRES_PIPELINE_ABORTED:  // an earlier query failed
        break;
      default: {
        // What has no SQLSTATE does not come from Postgres: the connection is gone, or an answer could not be read.
        Result& kept = state_of(result.get()).empty() ? trouble.broken : trouble.failed;
        if (!kept) kept = std::move(result);
      }
    }
    if (is_lost()) break;
  }
  return count;
}

/// False when the answer to the round trip as a whole never came.
bool Connection::receive_end() {
  // A server that shuts down says so instead of an answer, and then nothing more.
  constexpr int k_results_max = 3;
  for (int i = 0; i < k_results_max && !is_lost(); ++i) {
    const Result end(PQgetResult(connection_.get()));
    if (PQresultStatus(end.get()) == PGRES_PIPELINE_SYNC) return true;
  }
  return false;
}

void Connection::run_script(const std::string& script) {
  if (PQexitPipelineMode(connection_.get()) == 0) fail_lost();
  const Result result(PQexec(connection_.get(), script.c_str()));
  if (is_lost()) fail_lost();
  TETHER_ASSERT(result);
  TETHER_ASSERT(PQenterPipelineMode(connection_.get()) == 1);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) fail(result.get());
}

void Connection::fail(const pg_result* result) {
  throw_postgres_error(state_of(result), view(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)), name_);
}

void Connection::fail_lost() {
  throw_lost_connection(view(PQerrorMessage(connection_.get())), name_);
}

}  // namespace tether::sql
