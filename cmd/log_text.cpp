// SPDX-License-Identifier: MIT
#include "cmd/log_text.hpp"

#include "cmd/json_out.hpp"
#include "cmd/record_view.hpp"
#include "cmd/rejection_text.hpp"
#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::cmd {
namespace {

std::vector<Table::Column> columns_of(bool entities) {
  std::vector<Table::Column> columns{{"TIME"}, {"MUTATION"}};
  if (entities) {
    columns.push_back({"MODEL"});
    columns.push_back({"ID"});
  }
  columns.push_back({"OPERATION"});
  columns.push_back({"VERSION", Table::Align::right});
  columns.push_back({"STATUS"});
  columns.push_back({"CHANGE"});
  return columns;
}

/// `synced`, `synced; lost: hours`, `synced; overwritten by 01J… at 2026-…Z: title`, `failed: validation_failed: title:
/// must not be empty (settled)`
std::string status_text(const replica::LogEntry& entry) {
  std::string text = entry.sync_status;
  if (entry.sync_status == "failed" && !entry.rejection_reason.empty()) {
    text += ": " + rejection_text(entry.rejection_reason, entry.rejection_data);
  }
  if (!entry.lost.empty()) text += "; " + lost_text(protocol::decode_loss_data({}, entry.lost).fields);
  if (!entry.overwritten.empty()) {
    for (const auto& report : protocol::decode_overwrites(entry.overwritten)) text += "; " + overwritten_text(report);
  }
  if (entry.mutation.mutation_id.value.empty()) text += " (forgotten by compact)";
  if (!entry.settled_by.empty()) text += " (settled)";
  return printable(text);
}

}  // namespace

LogTable::LogTable(Terminal& terminal, bool entities) : entities_(entities), table_(terminal, columns_of(entities)) {}

void LogTable::add(const replica::LogEntry& entry) {
  const auto& mutation = entry.mutation;
  const std::string& id = mutation.mutation_id.value;
  std::vector<Table::Cell> cells{{rfc3339_ms(from_ms(mutation.timestamp_ms))}, {id.empty() ? "-" : printable(id)}};
  if (entities_) {
    cells.emplace_back(printable(mutation.model.value));
    cells.emplace_back(printable(mutation.entity_id.value));
  }
  cells.emplace_back(std::string(protocol::name(mutation.operation)));
  cells.emplace_back(std::to_string(mutation.version));
  cells.emplace_back(status_text(entry), colour_of(entry.sync_status));
  cells.emplace_back(change_words(mutation));
  table_.row(std::move(cells));
}

void print_diff(Terminal& terminal, const replica::LogEntry& entry) {
  const auto& mutation = entry.mutation;
  terminal.line(terminal.painted(Colour::bold, rfc3339_ms(from_ms(mutation.timestamp_ms)) + "  " +
                                                   std::string(protocol::name(mutation.operation)) + " " +
                                                   mutation.model.value + " " + printable(mutation.entity_id.value)) +
                "  version " + std::to_string(mutation.version) + "  " + printable(mutation.mutation_id.value) + "  " +
                terminal.painted(colour_of(entry.sync_status), status_text(entry)));
  const auto changed = mutation.before ? rules::selected(mutation.payload, *mutation.before) : mutation.payload;
  for (const auto& member : protocol::members(changed)) {
    const auto field = protocol::unescaped(member.key);
    const auto earlier = mutation.before ? protocol::find_member(*mutation.before, field) : std::string_view();
    std::string line = "  " + printable(field) + ": ";
    if (!earlier.empty()) line += terminal.painted(Colour::red, printable(one_line(earlier))) + " → ";
    terminal.line(line + terminal.painted(Colour::green, printable(one_line(member.value))));
  }
}

}  // namespace tether::cmd
