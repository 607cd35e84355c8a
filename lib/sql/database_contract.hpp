// SPDX-License-Identifier: MIT
// What every driver has to do, as one suite: its test calls holds() in a test case of its own.
#pragma once

#include <doctest/doctest.h>

#include "sql/statement_contract.hpp"
#include "sql/transaction_contract.hpp"

namespace tether::sql::contract {

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
