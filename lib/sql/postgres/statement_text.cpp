// SPDX-License-Identifier: MIT
#include "sql/postgres/statement_text.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"

namespace tether::sql {
namespace {

constexpr std::string_view k_rows = "{rows}";
constexpr std::string_view k_values = "{values ";
constexpr std::string_view k_text = "TEXT";

/// `unnest($2, $3) AS rows(id, n)`
std::string row_table(std::span<const Column> columns, std::size_t scalars) {
  std::string parameters;
  std::string names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string_view comma = i == 0 ? "" : ", ";
    parameters.append(comma).append("$").append(std::to_string(scalars + i + 1));
    names.append(comma).append(columns[i].name);
  }
  return "unnest(" + parameters + ") AS rows(" + names + ")";
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// The length of what stands at the front of `text` and is to be left alone: a quoted text, a comment, a word.
std::size_t unit(std::string_view text) {
  if (text.front() == '\'') return std::min(text.find('\'', 1), text.size() - 1) + 1;
  if (text.starts_with("--")) return std::min(text.find('\n'), text.size() - 1) + 1;
  const auto end = std::find_if_not(text.begin(), text.end(), is_word);
  return std::max<std::size_t>(1, static_cast<std::size_t>(end - text.begin()));
}

}  // namespace

std::string to_postgres(std::string_view text, std::span<const Column> columns, std::size_t scalars) {
  std::string out;
  while (!text.empty()) {
    std::size_t taken = unit(text);
    if (text.starts_with(k_rows)) {
      out += "(SELECT * FROM " + row_table(columns, scalars) + ")";
      taken = k_rows.size();
    } else if (text.starts_with(k_values)) {
      const auto end = text.find('}');
      TETHER_ASSERT(end != std::string_view::npos);
      out += "SELECT " + std::string(text.substr(k_values.size(), end - k_values.size())) + " FROM " +
             row_table(columns, scalars);
      taken = end + 1;
    } else {
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  return out;
}

std::string to_postgres_schema(std::string_view script) {
  std::string out;
  while (!script.empty()) {
    const std::size_t taken = unit(script);
    out += script.substr(0, taken);
    if (script.substr(0, taken) == k_text) out += " COLLATE \"C\"";
    script.remove_prefix(taken);
  }
  return out;
}

}  // namespace tether::sql
