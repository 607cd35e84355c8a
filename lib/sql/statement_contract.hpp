// SPDX-License-Identifier: MIT
// What every driver has to do with a statement: values, counts, many rows at once, several in turn.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sql/books_fixture.hpp"

namespace tether::sql::contract {

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

}  // namespace tether::sql::contract
