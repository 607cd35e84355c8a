// SPDX-License-Identifier: MIT
// One connection to Postgres: queries in, rows out, several queries in one round trip. Private to the driver.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "sql/database.hpp"
#include "sql/postgres/parameters.hpp"
#include "sql/postgres/waiting.hpp"

struct pg_conn;
struct pg_result;

namespace tether::sql {

struct Query {
  const char* text;
  const Parameters& parameters;
  const RowSink* sink = nullptr;  // none: its rows are passed over
};

class Connection {
 public:
  /// `patience`: for the answer to a round trip; zero: without end.
  Connection(const std::string& url, std::chrono::milliseconds patience);

  /// One round trip. A query that fails takes those behind it along. Returns the number of rows that the last one gave
  /// to its sink, or changed. When the answer does not come in time, the connection is closed.
  std::int64_t run(std::span<const Query> queries);
  /// Sends a query whose outcome nobody needs to know, and does not wait for it.
  void run_unheard(const char* text);
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

  void send(std::span<const Query> queries, std::optional<Deadline> deadline);
  void pass_unheard(std::optional<Deadline> deadline);
  std::optional<Deadline> deadline() const;
  void flush(std::optional<Deadline> deadline);
  std::int64_t receive(const RowSink& sink, Trouble& trouble, std::optional<Deadline> deadline);
  static void hand_over(const Row& row, const RowSink& sink, Trouble& trouble);
  bool receive_end(std::optional<Deadline> deadline);
  Result next_result(std::optional<Deadline> deadline);
  void wait(short events, std::optional<Deadline> deadline);
  [[noreturn]] void fail(const pg_result* result);
  [[noreturn]] void fail_lost();

  std::string name_;
  std::chrono::milliseconds patience_;
  std::unique_ptr<pg_conn, Close> connection_;  // null once it was given up
  bool has_unheard_ = false;                    // an answer that is still to come, or lies there
};

}  // namespace tether::sql
