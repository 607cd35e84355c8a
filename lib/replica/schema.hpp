// SPDX-License-Identifier: MIT
// The tables of schema.sql in a file: whose file it is, what of our schema it lacks, and taking over a file of another
// program or of the original client. Internal to lib/replica.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/database.hpp"

namespace tether::replica {

enum class Owner {
  nobody,    // an empty database
  tether,    // complete
  original,  // the original client: its log and state table, without our columns
  other,     // any other program
};

Owner owner_of(sql::Database& database);

/// One table, index or trigger of schema.sql with the statement that makes it.
struct SchemaObject {
  std::string type;
  std::string name;
  std::string sql;
};

/// Those of schema.sql that `database` lacks, in the order in which they can be made.
std::vector<SchemaObject> missing_objects(sql::Database& database);

/// Makes what is missing, within the transaction that is open on `database`. Columns of ours are added to tables that
/// the original client made. Throws Error(not_a_database) when a table of our name has not the columns of the original
/// client.
void add_missing_objects(sql::Database& database);

/// The table that a file of an earlier tether lacks until it is opened for writing.
inline constexpr std::string_view k_later_table = "tether_overwritten";
/// Makes one of our tables where it is missing.
void add_table(sql::Database& database, std::string_view name);

}  // namespace tether::replica
