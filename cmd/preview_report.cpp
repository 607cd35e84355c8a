// SPDX-License-Identifier: MIT
#include "cmd/preview_report.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "cmd/conflict_view.hpp"
#include "cmd/rejection_text.hpp"

namespace tether::cmd {

namespace {

using replica::Foreseen;
using Kind = Foreseen::Kind;

constexpr Kind k_kinds[] = {Kind::applied, Kind::merged, Kind::conflict, Kind::rejected, Kind::undecided};

std::int64_t count(const replica::PreviewReport& report, Kind kind) {
  return std::ranges::count(report.asked, kind, &Foreseen::kind);
}

std::int64_t not_asked(const replica::PreviewReport& report) {
  return report.pending - static_cast<std::int64_t>(report.asked.size());
}

std::string outcome_json(const Foreseen& seen) {
  JsonObject json;
  json.text("mutation_id", seen.mutation_id.value)
      .text("model", seen.key.model.value)
      .text("id", seen.key.id.value)
      .text("operation", protocol::name(seen.operation))
      .text("outcome", name(seen.kind));
  if (!seen.reason.empty()) json.text("reason", seen.reason);
  if (seen.kind == Kind::conflict) json.texts("fields", seen.fields);
  if (!seen.data.empty()) json.raw("data", seen.data);
  if (!seen.lost.empty()) json.raw("lost", seen.lost);
  return std::move(json).finish();
}

void add_json(const replica::PreviewReport& report, JsonObject& json) {
  std::vector<std::string> outcomes;
  outcomes.reserve(report.asked.size());
  for (const Foreseen& seen : report.asked) outcomes.push_back(outcome_json(seen));
  JsonObject counts;
  for (const Kind kind : k_kinds) counts.integer(name(kind), count(report, kind));
  counts.integer("not_asked", not_asked(report));
  json.integer("would_push", report.pending)
      .raw("outcomes", json_array(outcomes))
      .raw("counts", std::move(counts).finish());
}

/// `applied`, `merged; lost: hours`, `conflict: title, done`, `undecided: error`, `rejected: validation_failed: title:
/// must not be empty`
Table::Cell outcome_cell(const Foreseen& seen) {
  std::string text(name(seen.kind));
  if (!seen.reason.empty()) text += ": " + rejection_text(seen.reason, seen.data);
  if (!seen.lost.empty()) text += "; " + lost_text(seen.fields);
  if (seen.kind == Kind::conflict) {
    const std::string what = what_differs(seen.fields, seen.theirs_deleted);
    if (!what.empty()) text += ": " + what;
  }
  const bool taken = seen.kind == Kind::applied || seen.kind == Kind::merged;
  return {text, !taken ? Colour::red : seen.lost.empty() ? Colour::none : Colour::yellow};
}

void print_summary(Terminal& terminal, const replica::PreviewReport& report) {
  std::string text = "would push " + counted(report.pending, "mutation");
  std::string separator = ": ";
  for (const Kind kind : k_kinds) {
    if (count(report, kind) == 0) continue;
    text += separator + grouped(count(report, kind)) + " " + std::string(name(kind));
    separator = ", ";
  }
  if (not_asked(report) > 0) text += separator + grouped(not_asked(report)) + " not asked";
  terminal.line(text);
}

void say_what_is_undecided(Terminal& terminal, const replica::PreviewReport& report) {
  if (count(report, Kind::undecided) == 0) return;
  terminal.message("The server could not decide some just now; a push would send them again later.");
}

void say_why_not_asked(Terminal& terminal, const replica::PreviewReport& report) {
  if (report.server_restored) {
    terminal.message(
        "The server was restored from a backup: a push first sends again what it once had, and decides then.");
  } else if (not_asked(report) > 0) {
    terminal.message(
        "One request is asked, as each is answered as if nothing had been sent before it; what does not fit was not "
        "asked.");
  }
}

}  // namespace

void report_preview(Terminal& terminal, const replica::PreviewReport& report, JsonObject& json) {
  if (terminal.json()) return add_json(report, json);
  Table table(terminal, {{"MUTATION"}, {"OPERATION"}, {"MODEL"}, {"ID"}, {"OUTCOME"}});
  for (const Foreseen& seen : report.asked) {
    table.row({printable(seen.mutation_id.value), std::string(protocol::name(seen.operation)),
               printable(seen.key.model.value), printable(seen.key.id.value), outcome_cell(seen)});
  }
  table.finish();
  print_summary(terminal, report);
  say_what_is_undecided(terminal, report);
  say_why_not_asked(terminal, report);
}

bool is_clean(const replica::PreviewReport& report) {
  const auto is_taken_whole = [](const Foreseen& seen) {
    return seen.lost.empty() && (seen.kind == Kind::applied || seen.kind == Kind::merged);
  };
  return not_asked(report) == 0 && std::ranges::all_of(report.asked, is_taken_whole);
}

}  // namespace tether::cmd
