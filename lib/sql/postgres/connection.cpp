// SPDX-License-Identifier: MIT
#include "sql/postgres/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <charconv>
#include <exception>
#include <utility>

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
  std::int64_t integer(int column) const override {
    const std::string_view digits = text(column);  // none of NULL
    return digits.empty() ? 0 : to_integer(digits);
  }
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

Connection::Connection(const std::string& url, std::chrono::milliseconds patience)
    : name_(postgres_name(url)), patience_(patience), connection_(open_connection(url, name_)) {
  TETHER_ASSERT(PQenterPipelineMode(connection_.get()) == 1);
  TETHER_ASSERT(PQsetnonblocking(connection_.get(), 1) == 0);  // libpq itself would wait without end
}

bool Connection::is_lost() const {
  return PQstatus(connection_.get()) != CONNECTION_OK;  // also of none
}

std::int64_t Connection::run(std::span<const Query> queries) {
  const auto deadline = this->deadline();
  send(queries, deadline);
  pass_unheard(deadline);
  Trouble trouble;
  std::int64_t count = 0;
  const RowSink unheard;
  for (const Query& query : queries) {
    count = receive(query.sink != nullptr ? *query.sink : unheard, trouble, deadline);
  }
  const bool in_step = receive_end(deadline);
  if (trouble.failed) fail(trouble.failed.get());
  if (!in_step) fail_lost();
  if (trouble.broken) throw_lost_connection(view(PQresultErrorMessage(trouble.broken.get())), name_);
  if (trouble.thrown) std::rethrow_exception(trouble.thrown);
  return count;
}

std::optional<Deadline> Connection::deadline() const {
  return patience_.count() > 0 ? std::optional(Deadline::clock::now() + patience_) : std::nullopt;
}

void Connection::send(std::span<const Query> queries, std::optional<Deadline> deadline) {
  for (const auto& [text, parameters, sink] : queries) {
    const int sent = PQsendQueryParams(connection_.get(), text, parameters.count(), parameters.types(),
                                       parameters.values(), parameters.lengths(), parameters.formats(), k_text_format);
    if (sent == 0) fail_lost();
  }
  if (PQpipelineSync(connection_.get()) == 0) fail_lost();
  flush(deadline);
}

void Connection::run_unheard(const char* text) {
  pass_unheard(deadline());
  const Parameters none;
  const Query query{text, none};
  send({&query, 1}, deadline());
  has_unheard_ = true;
}

/// The answer to what was run unheard stands in front of all others.
void Connection::pass_unheard(std::optional<Deadline> deadline) {
  if (!std::exchange(has_unheard_, false)) return;
  Trouble trouble;
  receive({}, trouble, deadline);
  if (!receive_end(deadline)) fail_lost();
}

/// What libpq holds leaves. Postgres may be answering already, and then reads on only when it is heard.
void Connection::flush(std::optional<Deadline> deadline) {
  while (const int left = PQflush(connection_.get())) {
    if (left < 0) fail_lost();
    wait(POLLIN | POLLOUT, deadline);
    if (PQconsumeInput(connection_.get()) == 0) fail_lost();
  }
}

/// Null at the end of what answers one query.
Connection::Result Connection::next_result(std::optional<Deadline> deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    wait(POLLIN, deadline);
    if (PQconsumeInput(connection_.get()) == 0) break;  // the result tells why
  }
  return Result(PQgetResult(connection_.get()));
}

/// A Postgres that hangs would be waited for as long as its connection is alive.
void Connection::wait(short events, std::optional<Deadline> deadline) {
  if (wait_for(connection_.get(), events, deadline)) return;
  connection_.reset();
  throw_lost_connection("no answer within " + std::to_string(patience_.count()) + " ms", name_);
}

void Connection::hand_over(const Row& row, const RowSink& sink, Trouble& trouble) {
  try {
    sink(row);
  } catch (...) {
    trouble.thrown = std::current_exception();
  }
}

/// The answer to the oldest query. Row by row, so that memory does not grow with a result.
std::int64_t Connection::receive(const RowSink& sink, Trouble& trouble, std::optional<Deadline> deadline) {
  PQsetSingleRowMode(connection_.get());
  std::int64_t count = 0;
  while (Result result = next_result(deadline)) {
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:  // the end of the rows
        for (int row = 0; row < PQntuples(result.get()); ++row, ++count) {
          if (sink && !trouble.thrown) hand_over(PostgresRow(result.get(), row), sink, trouble);
        }
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
bool Connection::receive_end(std::optional<Deadline> deadline) {
  // A server that shuts down says so instead of an answer, and then nothing more.
  constexpr int k_results_max = 3;
  for (int i = 0; i < k_results_max && !is_lost(); ++i) {
    const Result end = next_result(deadline);
    if (PQresultStatus(end.get()) == PGRES_PIPELINE_SYNC) return true;
  }
  return false;
}

/// Waits as long as it takes.
void Connection::run_script(const std::string& script) {
  pass_unheard(std::nullopt);
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
  throw_lost_connection(connection_ ? view(PQerrorMessage(connection_.get())) : "it was given up", name_);
}

}  // namespace tether::sql
