// SPDX-License-Identifier: MIT
// What every driver has to do with a transaction and with a script: all or nothing, one moment for a reader.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sql/books_fixture.hpp"

namespace tether::sql::contract {

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

}  // namespace tether::sql::contract
