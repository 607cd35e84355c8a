// SPDX-License-Identifier: MIT
// A small database that every driver can hold, and statements over it: what the contract of a driver is checked with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/database.hpp"

namespace tether::sql::contract {

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

}  // namespace tether::sql::contract
