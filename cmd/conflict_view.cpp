// SPDX-License-Identifier: MIT
#include "cmd/conflict_view.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "cmd/json_out.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::cmd {

namespace {

constexpr std::size_t k_width_usual = 80;  // where stdout is no terminal
constexpr std::size_t k_gap = 2;           // between the columns of a table
constexpr std::string_view k_absent = "-";

std::size_t width_of(const Terminal& terminal) {
  return terminal.options.width > 0 ? static_cast<std::size_t>(terminal.options.width) : k_width_usual;
}

/// The values of one field, as they were written; empty where absent.
struct Values {
  std::string field;
  std::string_view base;
  std::string_view mine;
  std::string_view theirs;
};

std::vector<Values> values_by_field(const replica::ConflictView& conflict) {
  std::vector<Values> all;
  std::unordered_map<std::string, std::size_t> place;
  const auto gather = [&](std::string_view state, std::string_view Values::*column) {
    for (const protocol::Member& member : protocol::members(state)) {
      const std::string field = protocol::unescaped(member.key);
      const auto [found, is_new] = place.emplace(field, all.size());
      if (is_new) all.push_back({field, {}, {}, {}});
      all[found->second].*column = member.value;
    }
  };
  gather(conflict.mine, &Values::mine);
  gather(conflict.theirs, &Values::theirs);
  gather(conflict.base, &Values::base);
  return all;
}

bool differ(std::string_view mine, std::string_view theirs) {
  if (mine.empty() || theirs.empty()) return mine.empty() != theirs.empty();
  return !rules::same_value(mine, theirs);
}

std::string shown(std::string_view value) {
  return value.empty() ? std::string(k_absent) : printable(one_line(value));
}

bool fits(const std::vector<FieldRow>& rows, std::size_t width) {
  const FieldRow headings{"FIELD", "BASE", "MINE", "THEIRS"};
  const std::array columns{&FieldRow::field, &FieldRow::base, &FieldRow::mine, &FieldRow::theirs};
  std::size_t taken = 1;  // the mark
  for (const auto column : columns) {
    std::size_t widest = display_width(headings.*column);
    for (const FieldRow& row : rows) widest = std::max(widest, display_width(row.*column));
    taken += k_gap + widest;
  }
  return taken <= width;
}

void print_side_by_side(Terminal& terminal, const std::vector<FieldRow>& rows) {
  Table table(terminal, {{" "}, {"FIELD"}, {"BASE"}, {"MINE"}, {"THEIRS"}});
  for (const FieldRow& row : rows) {
    const Colour colour = row.differs ? Colour::yellow : Colour::none;
    table.row(
        {{row.differs ? "*" : " ", colour}, {row.field, colour}, row.base, {row.mine, colour}, {row.theirs, colour}});
  }
  table.finish();
}

void print_stacked(Terminal& terminal, const std::vector<FieldRow>& rows) {
  for (const FieldRow& row : rows) {
    if (row.base == row.mine && !row.differs) {
      terminal.line("  " + row.field + ": " + row.mine);
      continue;
    }
    const Colour colour = row.differs ? Colour::yellow : Colour::none;
    terminal.line(terminal.painted(colour, (row.differs ? "* " : "  ") + row.field + ":"));
    terminal.line("    base    " + row.base);
    terminal.line("    mine    " + row.mine);
    terminal.line("    theirs  " + row.theirs);
  }
}

std::string standing(const replica::ConflictView& conflict) {
  if (conflict.resolved_at.empty()) return "open since " + conflict.detected_at;
  return "resolved at " + conflict.resolved_at + ": " + conflict.resolution;
}

std::string what_i_did(const replica::ConflictView& conflict) {
  const std::string what(protocol::name(conflict.operation));
  if (conflict.operation != protocol::Operation::update) return what;
  std::string fields;
  for (const std::string& field : rules::field_names(rules::changes(conflict.base, conflict.mine))) {
    fields += (fields.empty() ? " of " : ", ") + printable(field);
  }
  return what + fields;
}

std::string what_they_did(const replica::ConflictView& conflict) {
  std::string text = conflict.theirs_deleted ? "deleted it" : "changed it";
  if (conflict.theirs_rev.value > 0) text += " (rev " + std::to_string(conflict.theirs_rev.value) + ")";
  if (!conflict.theirs_written_by.value.empty()) text += ", by " + printable(conflict.theirs_written_by.value);
  if (!conflict.theirs_updated_at.empty()) text += ", at " + conflict.theirs_updated_at;
  return text;
}

}  // namespace

std::vector<FieldRow> field_rows(const replica::ConflictView& conflict) {
  std::vector<FieldRow> rows;
  for (const Values& values : values_by_field(conflict)) {
    rows.push_back({printable(values.field), shown(values.base), shown(values.mine), shown(values.theirs),
                    differ(values.mine, values.theirs)});
  }
  return rows;
}

void print_conflict(Terminal& terminal, const replica::ConflictView& conflict) {
  const std::string entity = printable(conflict.key.model.value) + " " + printable(conflict.key.id.value);
  terminal.line(terminal.painted(Colour::bold, entity));
  terminal.line("conflict  " + printable(conflict.mutation_id.value));
  terminal.line("state     " + printable(standing(conflict)));
  terminal.line("mine      " + what_i_did(conflict));
  terminal.line("theirs    " + what_they_did(conflict));
  const std::vector<FieldRow> rows = field_rows(conflict);
  if (rows.empty()) return;
  terminal.line("");
  if (fits(rows, width_of(terminal))) {
    print_side_by_side(terminal, rows);
  } else {
    print_stacked(terminal, rows);
  }
}

std::string what_differs(const std::vector<std::string>& fields, bool theirs_deleted) {
  if (theirs_deleted) return "deleted by them";
  std::string text;
  for (const std::string& field : fields) text += (text.empty() ? "" : ", ") + field;
  return printable(text);
}

std::string conflict_json(const replica::ConflictView& conflict) {
  JsonObject json;
  json.text("mutation_id", conflict.mutation_id.value)
      .text("model", conflict.key.model.value)
      .text("id", conflict.key.id.value)
      .text("operation", protocol::name(conflict.operation))
      .raw("base", conflict.base)
      .raw("mine", conflict.mine)
      .raw("theirs", conflict.theirs)
      .boolean("theirs_deleted", conflict.theirs_deleted)
      .integer("theirs_rev", conflict.theirs_rev.value)
      .text_or_null("theirs_written_by", conflict.theirs_written_by.value)
      .text_or_null("theirs_updated_at", conflict.theirs_updated_at)
      .texts("fields", conflict.fields)
      .text_or_null("detected_at", conflict.detected_at)
      .text_or_null("resolved_at", conflict.resolved_at)
      .text_or_null("resolution", conflict.resolution);
  return std::move(json).finish();
}

}  // namespace tether::cmd
