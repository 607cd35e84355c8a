// SPDX-License-Identifier: MIT
// What every driver has to do, as one suite: its test calls holds() in a test case of its own.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sql/database.hpp"

namespace tether::sql::contract {

using namespace std::string_literals;

constexpr std::string_view k_books =
    "CREATE TABLE books (id TEXT NOT NULL PRIMARY KEY, title TEXT, pages BIGINT);"
    "CREATE TABLE shelves (id TEXT NOT NULL PRIMARY KEY);";
constexpr Statement k_add{"INSERT INTO books(id, title, pages) VALUES ($1, $2, $3)"};
constexpr Statement k_all{"SELECT id, title, pages FROM books ORDER BY id"};

constexpr Column k_book_columns[] = {{"id", Type::text}, {"title", Type::text}, {"pages", Type::integer}};
constexpr BatchStatement k_add_many{
    "INSERT INTO books(id, title, pages) SELECT r.id, r.title, r.pages + $1 FROM {rows} AS r WHERE true "
    "ON CONFLICT (id) DO NOTHING RETURNING id",
    k_book_columns};
constexpr BatchStatement k_add_values{
    "INSERT INTO books(pages, title, id) {values pages, $1, id} ON CONFLICT (id) DO NOTHING RETURNING id",
    k_book_columns};
constexpr Column k_id_columns[] = {{"id", Type::text}};
constexpr BatchStatement k_find_many{
    "SELECT b.id, b.pages FROM {rows} AS r CROSS JOIN {each books AS b WHERE b.id = r.id AND b.pages > $1}",
    k_id_columns};
constexpr BatchStatement k_update_many{
    "UPDATE books SET title = r.title, pages = r.pages FROM {rows} AS r WHERE books.id = r.id", k_book_columns};

/// `id|title|pages` of each book; NULL shows as `-`.
inline std::vector<std::string> lines(Transaction& transaction) {
  std::vector<std::string> out;
  transaction.run(k_all, {}, [&](const Row& row) {
    out.push_back(std::string(row.text(0)) + "|" + (row.is_null(1) ? "-" : std::string(row.text(1))) + "|" +
                  (row.is_null(2) ? "-" : std::to_string(row.integer(2))));
  });
  return out;
}

inline std::vector<std::string> books(Database& database) {
  return in_transaction(database, Access::read, [](Transaction& transaction) { return lines(transaction); });
}

inline void add(Database& database, std::string_view id, std::string_view title, std::int64_t pages) {
  in_transaction(database, Access::write, [&](Transaction& transaction) {
    transaction.run(k_add, {id, title, pages});
  });
}

inline void keeps_values_as_they_are(Database& database) {
  add(database, "1", "\"{1,NULL}\\\\\"\n", 9'223'372'036'854'775'807);
  add(database, "2", {}, -9'223'372'036'854'775'807 - 1);
  add(database, "3", "'); DROP TABLE books; -- $1 {rows} \xf0\x9f\x93\x9a", 0);
  in_transaction(database, Access::write, [](Transaction& transaction) {
    transaction.run(k_add, {std::string_view("4"), Null{}, Null{}});
  });
  CHECK(books(database) ==
        std::vector<std::string>{"1|\"{1,NULL}\\\\\"\n|9223372036854775807", "2||-9223372036854775808",
                                 "3|'); DROP TABLE books; -- $1 {rows} \xf0\x9f\x93\x9a|0", "4|-|-"});
}

inline void counts_what_was_changed(Database& database) {
  in_transaction(database, Access::write, [](Transaction& transaction) {
    CHECK(transaction.run(k_add, {std::string_view("1"), std::string_view("Emma"), std::int64_t{400}}) == 1);
    CHECK(transaction.run(k_add, {std::string_view("2"), std::string_view("Ulysses"), std::int64_t{700}}) == 1);
    CHECK(transaction.run(Statement{"UPDATE books SET pages = pages + $2 WHERE pages > $1"},
                          {std::int64_t{100}, std::int64_t{1}}) == 2);
    CHECK(transaction.run(Statement{"DELETE FROM books WHERE id = $1"}, {std::string_view("9")}) == 0);
    CHECK(transaction.run(k_all, {}) == 2);
    CHECK(lines(transaction) == std::vector<std::string>{"1|Emma|401", "2|Ulysses|701"});
  });
}

inline void runs_a_statement_over_many_rows(Database& database) {
  const Batch rows{
      std::string_view("1"), std::string_view("Emma"), std::int64_t{400},        std::string_view("2"), Null{},
      std::int64_t{700},     std::string_view("1"),    std::string_view("late"), std::int64_t{1}};
  std::vector<std::string> added;
  in_transaction(database, Access::write, [&](Transaction& transaction) {
    const auto note = [&](const Row& row) { added.emplace_back(row.text(0)); };
    CHECK(transaction.run_many(k_add_many, {std::int64_t{5}}, rows, note) == 2);
    CHECK(transaction.run_many(k_add_many, {std::int64_t{5}}, {}, note) == 0);
    CHECK(transaction.run_many(k_update_many, {},
                               Batch{std::string_view("2"), std::string_view("Ulysses"), std::int64_t{9},
                                     std::string_view("3"), Null{}, Null{}}) == 1);
    CHECK(transaction.run_many(
              k_add_values, {std::string_view("new")},
              Batch{std::string_view("4"), Null{}, std::int64_t{5}, std::string_view("1"), Null{}, Null{}}, note) == 1);
    std::vector<std::string> found;
    transaction.run_many(k_find_many, {std::int64_t{9}}, Batch{std::string_view("1"), std::string_view("2")},
                         [&](const Row& row) { found.emplace_back(row.text(0)); });
    CHECK(found == std::vector<std::string>{"1"});
  });
  CHECK(added == std::vector<std::string>{"1", "2", "4"});
  CHECK(books(database) == std::vector<std::string>{"1|Emma|405", "2|Ulysses|9", "4|new|5"});
}

/// A driver may send such a column once.
inline void runs_a_statement_over_rows_that_share_values(Database& database) {
  const auto add_two = [&](std::string_view one, std::string_view two, const Value& title, const Value& pages) {
    in_transaction(database, Access::write, [&](Transaction& transaction) {
      CHECK(transaction.run_many(k_add_many, {std::int64_t{1}}, Batch{one, title, pages, two, title, pages}) == 2);
    });
  };
  add_two("1", "2", std::string_view("Emma"), std::int64_t{400});
  add_two("3", "4", Null{}, Null{});
  CHECK(books(database) == std::vector<std::string>{"1|Emma|401", "2|Emma|401", "3|-|-", "4|-|-"});
  in_transaction(database, Access::write, [&](Transaction& transaction) {
    const std::string_view same = "5";
    CHECK(transaction.run_many(k_add_many, {std::int64_t{0}},
                               Batch{same, same, std::int64_t{7}, same, same, std::int64_t{7}}) == 1);
    CHECK(transaction.run_many(k_find_many, {std::int64_t{0}}, Batch{same, same, same}) == 3);
  });
}

inline void runs_statements_in_turn(Database& database) {
  constexpr Statement k_longer{"SELECT id FROM books WHERE pages > $1 ORDER BY id"};
  constexpr Statement k_no_such_table{"SELECT 1 FROM no_such_table"};
  std::vector<std::string> heard;
  const auto hear = [&](const Row& row) { heard.emplace_back(row.text(0)); };
  in_transaction(database, Access::write, [&](Transaction& transaction) {
    const Call calls[] = {{k_add, {std::string_view("1"), std::string_view("Emma"), std::int64_t{400}}},
                          {k_add, {std::string_view("2"), std::string_view("Ulysses"), std::int64_t{700}}},
                          {k_longer, {std::int64_t{500}}, hear},
                          {k_longer, {std::int64_t{0}}, hear}};
    transaction.run_in_turn(calls);
    transaction.run(k_longer, {std::int64_t{500}}, hear);
  });
  CHECK(heard == std::vector<std::string>{"2", "1", "2", "2"});
  const Call calls[] = {
      {k_longer, {std::int64_t{500}}, hear}, {k_no_such_table, {}}, {k_longer, {std::int64_t{0}}, hear}};
  CHECK_THROWS_AS(database.begin(Access::read)->run_in_turn(calls), Error);
  CHECK(heard == std::vector<std::string>{"2", "1", "2", "2", "2"});
  CHECK(books(database) == std::vector<std::string>{"1|Emma|400", "2|Ulysses|700"});
}

inline void keeps_all_of_a_transaction_or_nothing(Database& database, Database& other) {
  {
    const auto transaction = database.begin(Access::write);
    transaction->run(k_add, {std::string_view("1"), Null{}, Null{}});
    CHECK(lines(*transaction) == std::vector<std::string>{"1|-|-"});
    CHECK(books(other).empty());
  }
  CHECK(books(database).empty());
  CHECK_THROWS_AS(in_transaction(database, Access::write,
                                 [](Transaction& transaction) {
                                   transaction.run(k_add, {std::string_view("1"), Null{}, Null{}});
                                   transaction.run(k_add, {std::string_view("1"), Null{}, Null{}});
                                 }),
                  Error);
  CHECK(books(database).empty());
  add(database, "1", "Emma", 400);
  CHECK(books(other) == std::vector<std::string>{"1|Emma|400"});
}

inline void survives_a_sink_that_throws(Database& database, Database& other) {
  add(database, "1", "Emma", 400);
  add(database, "2", "Ulysses", 700);
  CHECK_THROWS_AS(in_transaction(database, Access::read,
                                 [](Transaction& transaction) {
                                   transaction.run(k_all, {}, [](const Row&) { throw Error(ErrorCode::io, "stop"); });
                                 }),
                  Error);
  add(other, "3", "Faust", 300);
  CHECK(books(database).size() == 3);  // no read transaction was left open, so the new row shows
}

inline void runs_a_script_as_a_whole(Database& database) {
  CHECK(database.tables() == std::vector<std::string>{"books", "shelves"});
  CHECK_THROWS_AS(database.execute_script("CREATE TABLE a (id TEXT); CREATE TABLE books (id TEXT);"), Error);
  CHECK(database.tables() == std::vector<std::string>{"books", "shelves"});
  try {
    database.execute("SELECT * FROM nowhere");
    FAIL("a table that is not there was read");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::not_found);
  }
}

inline void shows_a_reader_one_moment(Database& reader, Database& writer) {
  add(writer, "1", "Emma", 400);
  const auto transaction = reader.begin(Access::read);
  CHECK(lines(*transaction).size() == 1);
  add(writer, "2", "Faust", 300);
  CHECK(lines(*transaction).size() == 1);
}

/// All of it; `database` and `other` are connections to one database that holds k_books and nothing else.
inline void holds(Database& database, Database& other) {
  SUBCASE("it keeps values as they are") {
    keeps_values_as_they_are(database);
  }
  SUBCASE("it counts what was changed") {
    counts_what_was_changed(database);
  }
  SUBCASE("it runs a statement over many rows") {
    runs_a_statement_over_many_rows(database);
  }
  SUBCASE("it runs a statement over rows that share values") {
    runs_a_statement_over_rows_that_share_values(database);
  }
  SUBCASE("it runs statements in turn") {
    runs_statements_in_turn(database);
  }
  SUBCASE("it keeps all of a transaction or nothing") {
    keeps_all_of_a_transaction_or_nothing(database, other);
  }
  SUBCASE("a reader sees one moment of the store, whatever is written meanwhile") {
    shows_a_reader_one_moment(database, other);
  }
  SUBCASE("it survives a sink that throws") {
    survives_a_sink_that_throws(database, other);
  }
  SUBCASE("it runs a script as a whole") {
    runs_a_script_as_a_whole(database);
  }
}

}  // namespace tether::sql::contract
