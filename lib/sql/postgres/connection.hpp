// SPDX-License-Identifier: MIT
// One connection to Postgres: queries in, rows out, several queries in one round trip. Private to the driver.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sql/database.hpp"
#include "sql/postgres/parameters.hpp"

struct pg_conn;
struct pg_result;

namespace tether::sql {

struct Query {
  const char* text;
  const Parameters& parameters;
};

class Connection {
 public:
  explicit Connection(const std::string& url);

  /// One round trip. A query that fails takes those behind it along. Returns the number of rows that the last one gave
  /// to `sink`, or changed.
  std::int64_t run(std::span<const Query> queries, const RowSink& sink);
  /// Several statements separated by semicolons, all or nothing.
  void run_script(const std::string& script);

  bool is_lost() const;

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, Clear>;
  struct Trouble;

  void send(const Query& query);
  std::int64_t receive(const RowSink& sink, Trouble& trouble);
  bool receive_end();
  [[noreturn]] void fail(const pg_result* result);
  [[noreturn]] void fail_lost();

  std::string name_;
  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace tether::sql
