// SPDX-License-Identifier: MIT
#include "bench.d/bare_postgres.hpp"

#include <arpa/inet.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bench.d/bare_log.hpp"
#include "bench.d/watch.hpp"

namespace tether::bench {
namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Clear>;

Connection connect(const std::string& url) {
  Connection connection(PQconnectdb(url.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  return connection;
}

Result checked(PGconn* connection, PGresult* taken, ExecStatusType wanted) {
  Result result(taken);
  if (PQresultStatus(result.get()) != wanted) throw std::runtime_error(PQerrorMessage(connection));
  return result;
}

constexpr Oid k_text = 25;
constexpr Oid k_text_array = 1009;

void append(std::string& out, std::int32_t number) {
  const std::uint32_t bytes = htonl(static_cast<std::uint32_t>(number));
  out.append(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
}

/// One column of a batch as an array in binary form: nothing is escaped, nothing parsed.
template <typename Rows, typename Member>
std::string text_array(const Rows& rows, Member member) {
  std::string out;
  append(out, 1);  // dimensions
  append(out, 0);  // no NULL
  append(out, static_cast<std::int32_t>(k_text));
  append(out, static_cast<std::int32_t>(rows.size()));
  append(out, 1);  // counted from 1
  for (const Logged& row : rows) {
    const std::string& text = row.*member;
    append(out, static_cast<std::int32_t>(text.size()));
    out += text;
  }
  return out;
}

constexpr const char* k_apply =
    "WITH head AS (UPDATE tether_scopes SET before_us = clock_us, clock_us = greatest(clock_us + $2::bigint, "
    "$1::bigint) "
    "WHERE scope = 'default' RETURNING clock_us), "
    "r AS (SELECT * FROM unnest($3, $4, $5, $6) WITH ORDINALITY AS r(mutation_id, model, entity_id, payload, place)), "
    "remembered AS (INSERT INTO tether_mutations(scope, mutation_id, client_id, model, entity_id, content_hash, "
    "outcome, "
    "rev, timestamp_ms, decided_us) SELECT 'default', mutation_id, 'bare', model, entity_id, "
    "'0123456789abcdef0123456789abcdef', 'applied', 1, $1::bigint / 1000, $1::bigint FROM r ON CONFLICT DO NOTHING "
    "RETURNING mutation_id) "
    "INSERT INTO tether_records(scope, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, written_by, "
    "written_version, updated_us) SELECT 'default', r.model, r.entity_id, r.payload, 1, 0, 1, $1::bigint / 1000, "
    "'bare', "
    "1, head.clock_us - $2::bigint + r.place FROM r JOIN remembered USING (mutation_id) CROSS JOIN head "
    "ON CONFLICT (scope, model, entity_id) DO UPDATE SET payload = excluded.payload, rev = tether_records.rev + 1, "
    "written_at_ms = excluded.written_at_ms, updated_us = excluded.updated_us";

void apply(PGconn* connection, std::span<const Logged> rows, std::int64_t now_us) {
  const std::string now = std::to_string(now_us);
  const std::string count = std::to_string(rows.size());
  const std::string columns[] = {text_array(rows, &Logged::mutation_id), text_array(rows, &Logged::model),
                                 text_array(rows, &Logged::entity_id), text_array(rows, &Logged::payload)};
  const Oid types[] = {0, 0, k_text_array, k_text_array, k_text_array, k_text_array};
  const char* values[] = {now.c_str(),       count.c_str(),     columns[0].data(),
                          columns[1].data(), columns[2].data(), columns[3].data()};
  int lengths[6] = {};
  const int formats[] = {0, 0, 1, 1, 1, 1};
  for (int at = 0; at < 4; ++at) lengths[at + 2] = static_cast<int>(columns[at].size());
  checked(connection, PQexecParams(connection, k_apply, 6, types, values, lengths, formats, 0), PGRES_COMMAND_OK);
}

constexpr const char* k_copy =
    "COPY (SELECT '{\"entity_id\":\"' || entity_id || '\",\"model\":\"' || model || '\",\"payload\":' || payload || "
    "',\"rev\":' || rev || ',\"updated_at\":' || updated_us || ',\"updated_by\":\"' || written_by || '\"}' "
    "FROM tether_records WHERE scope = 'default' ORDER BY updated_us) TO STDOUT";

constexpr const char* k_page =
    "SELECT model, entity_id, deleted, payload, rev, updated_us, written_by FROM tether_records "
    "WHERE scope = 'default' AND updated_us > $1::bigint ORDER BY updated_us LIMIT $2::bigint";

void append_row(std::string& page, const PGresult* rows, int row) {
  const auto field = [&](int column) {
    return std::string_view(PQgetvalue(rows, row, column), static_cast<std::size_t>(PQgetlength(rows, row, column)));
  };
  page += page.empty() ? "{\"entity_id\":\"" : ",{\"entity_id\":\"";
  page += field(1);
  page += "\",\"model\":\"";
  page += field(0);
  page += "\",\"payload\":";
  page += field(3);
  page += ",\"rev\":";
  page += field(4);
  page += ",\"updated_at\":";
  page += field(5);
  page += ",\"updated_by\":\"";
  page += field(6);
  page += "\"}";
}

}  // namespace

int bare_postgres_push(const std::string& client_file, const std::string& url, std::int64_t batch) {
  const std::vector<Logged> rows = logged(client_file);
  const Connection connection = connect(url);
  checked(
      connection.get(),
      PQexec(connection.get(),
             "INSERT INTO tether_scopes(scope, clock_us, epoch) VALUES ('default', 1, 'bare') ON CONFLICT DO NOTHING"),
      PGRES_COMMAND_OK);
  const Watch watch;
  std::int64_t now_us = 1'795'294'140'000'000;
  const auto size = static_cast<std::size_t>(batch);
  for (std::size_t at = 0; at < rows.size(); at += size) {
    apply(connection.get(), std::span(rows).subspan(at, std::min(size, rows.size() - at)), now_us += batch);
  }
  return watch.report();
}

int bare_postgres_copy(const std::string& url) {
  const Connection connection = connect(url);
  const Watch watch;
  checked(connection.get(), PQexec(connection.get(), k_copy), PGRES_COPY_OUT);
  char* line = nullptr;
  std::int64_t bytes = 0;
  for (int size = 0; (size = PQgetCopyData(connection.get(), &line, 0)) > 0; PQfreemem(line)) bytes += size;
  if (bytes == 0) throw std::runtime_error("there was nothing to copy");
  return watch.report();
}

int bare_postgres_pages(const std::string& url, std::int64_t limit) {
  const Connection connection = connect(url);
  const Watch watch;
  const std::string rows_max = std::to_string(limit);
  std::string cursor = "0";
  std::int64_t bytes = 0;
  for (int rows = static_cast<int>(limit); rows == limit;) {
    const char* values[] = {cursor.c_str(), rows_max.c_str()};
    const Result found =
        checked(connection.get(), PQexecParams(connection.get(), k_page, 2, nullptr, values, nullptr, nullptr, 0),
                PGRES_TUPLES_OK);
    rows = PQntuples(found.get());
    std::string page;
    for (int row = 0; row < rows; ++row) append_row(page, found.get(), row);
    if (rows > 0) cursor = PQgetvalue(found.get(), rows - 1, 5);
    bytes += static_cast<std::int64_t>(page.size());
  }
  if (bytes == 0) throw std::runtime_error("there was nothing to page through");
  return watch.report();
}

}  // namespace tether::bench
