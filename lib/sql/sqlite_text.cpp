// SPDX-License-Identifier: MIT
#include "sql/sqlite_text.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace tether::sql {
namespace {

constexpr std::string_view k_rows = "{rows}";
constexpr std::string_view k_values = "{values ";
constexpr std::string_view k_each = "{each ";

std::string parameter(std::size_t number) {
  return "?" + std::to_string(number);
}

/// `(SELECT ?2 AS id, ?3 AS n)`
std::string row_table(std::span<const Column> columns, std::size_t scalars) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out += (i == 0 ? "(SELECT " : ", ") + parameter(scalars + i + 1) + " AS " + std::string(columns[i].name);
  }
  return out + ")";
}

/// `VALUES (?1, ?3)` for `$1, n`. Not a SELECT: for one of those SQLite keeps a journal of every statement, in case
/// that it breaks off between two rows.
std::string row_values(std::string_view items, std::span<const Column> columns, std::size_t scalars) {
  std::string out = "VALUES (";
  while (!items.empty()) {
    const auto end = std::min(items.find(", "), items.size());
    const std::string_view item = items.substr(0, end);
    items.remove_prefix(std::min(end + 2, items.size()));
    const auto column =
        std::find_if(columns.begin(), columns.end(), [&](const Column& candidate) { return candidate.name == item; });
    TETHER_ASSERT(item.starts_with('$') || column != columns.end());
    const auto number = scalars + static_cast<std::size_t>(column - columns.begin()) + 1;
    out +=
        (item.starts_with('$') ? "?" + std::string(item.substr(1)) : parameter(number)) + (items.empty() ? ")" : ", ");
  }
  return out;
}

}  // namespace

std::string to_sqlite(std::string_view text, std::span<const Column> columns, std::size_t scalars) {
  std::string out;
  bool quoted = false;
  while (!text.empty()) {
    std::size_t taken = 1;
    if (text.front() == '\'') quoted = !quoted;
    if (!quoted && text.starts_with(k_rows)) {
      out += row_table(columns, scalars);
      taken = k_rows.size();
    } else if (!quoted && text.starts_with(k_values)) {
      const auto end = text.find('}');
      out += row_values(text.substr(k_values.size(), end - k_values.size()), columns, scalars);
      taken = end + 1;
    } else if (!quoted && text.starts_with(k_each)) {
      taken = k_each.size();  // the join stands as it is written
    } else if (!quoted && text.front() == '}') {
      taken = 1;
    } else {
      out += !quoted && text.front() == '$' ? '?' : text.front();
    }
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace tether::sql
