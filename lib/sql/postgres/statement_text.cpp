// SPDX-License-Identifier: MIT
#include "sql/postgres/statement_text.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"

namespace tether::sql {
namespace {

constexpr std::string_view k_rows = "{rows}";
constexpr std::string_view k_values = "{values ";
constexpr std::string_view k_each = "{each ";
constexpr std::string_view k_text = "TEXT";

/// `(SELECT unnest($2) AS id, $3 AS n)`
std::string row_table(std::span<const Column> columns, const std::vector<bool>& constant, std::size_t scalars) {
  std::string table = "(SELECT ";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string parameter = "$" + std::to_string(scalars + i + 1);
    table.append(i == 0 ? "" : ", ").append(constant[i] ? parameter : "unnest(" + parameter + ")");
    table.append(" AS ").append(columns[i].name);
  }
  return table + ")";
}

/// `LATERAL (SELECT t.* FROM things AS t WHERE … OFFSET 0) AS t` for `things AS t WHERE …`. OFFSET keeps the planner
/// from making one join of the two, and from driving that from the table when it believes that there is little in it.
std::string lookup(std::string_view looked_up) {
  constexpr std::string_view k_as = " AS ";
  const auto at = looked_up.find(k_as);
  TETHER_ASSERT(at != std::string_view::npos);
  const std::string name(looked_up.substr(at + k_as.size(), looked_up.find(' ', at + k_as.size()) - at - k_as.size()));
  return "LATERAL (SELECT " + name + ".* FROM " + std::string(looked_up) + " OFFSET 0) AS " + name;
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

std::string to_postgres(std::string_view text, std::span<const Column> columns, const std::vector<bool>& constant,
                        std::size_t scalars) {
  std::string out;
  // What stands in braces behind `opening`, with both taken off the text.
  const auto inside = [&](std::string_view opening) {
    const auto end = text.find('}');
    TETHER_ASSERT(end != std::string_view::npos);
    const std::string_view found = text.substr(opening.size(), end - opening.size());
    text.remove_prefix(end + 1);
    return std::string(found);
  };
  while (!text.empty()) {
    if (text.starts_with(k_rows)) {
      out += row_table(columns, constant, scalars);
      text.remove_prefix(k_rows.size());
    } else if (text.starts_with(k_values)) {
      out += "SELECT " + inside(k_values) + " FROM " + row_table(columns, constant, scalars) + " AS rows";
    } else if (text.starts_with(k_each)) {
      out += lookup(inside(k_each));
    } else {
      const std::size_t taken = unit(text);
      out += text.substr(0, taken);
      text.remove_prefix(taken);
    }
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
