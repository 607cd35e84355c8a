// SPDX-License-Identifier: MIT
// `tether show MODEL ID`: one record, what the server has beneath it, what waits to be sent, and how it came to be.
#include <memory>

#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/field_values.hpp"
#include "cmd/log_text.hpp"
#include "cmd/record_view.hpp"
#include "protocol/payload.hpp"

namespace tether::cmd {
namespace {

struct ShowOptions {
  std::string model;
  std::string id;
};

struct Shown {
  replica::RecordView record;
  std::vector<replica::LogEntry> history;
};

/// Still on its way: what the record shows beside the server's state.
bool is_pending(const replica::LogEntry& entry) {
  if (entry.sync_status == "failed") return entry.settled_by.empty();
  return entry.sync_status == "pending" || entry.sync_status == "syncing";
}

Shown read(Context& context, const EntityKey& key) {
  auto file = context.open_file_read_only();
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    auto record = replica::find(transaction, key);
    if (!record)
      throw Error(ErrorCode::not_found, "there is no " + key.model.value + " " + key.id.value,
                  "`tether list " + key.model.value + "` shows what there is; `tether pull` brings what others made.");
    Shown shown{std::move(*record), {}};
    const replica::LogQuery query{.model = key.model, .entity_id = key.id, .status = {}, .since_ms = {}, .limit = {}};
    replica::read_log(transaction, query, [&](const replica::LogEntry& entry) { shown.history.push_back(entry); });
    return shown;
  });
}

void print_json(Terminal& terminal, const Shown& shown) {
  std::vector<std::string> pending;
  std::vector<std::string> history;
  for (const auto& entry : shown.history) {
    history.push_back(log_entry_json(entry));
    if (is_pending(entry)) pending.push_back(history.back());
  }
  auto object = record_json(shown.record);
  object.raw("base", shown.record.base.value_or("null")).boolean("base_deleted", shown.record.base_deleted);
  object.raw("pending_edits", json_array(pending)).raw("history", json_array(history));
  terminal.line(std::move(object).finish());
}

void print_fields(Terminal& terminal, const replica::RecordView& record) {
  Table table(terminal, record.pending ? std::vector<Table::Column>{{"FIELD"}, {"HERE"}, {"ON THE SERVER"}}
                                       : std::vector<Table::Column>{{"FIELD"}, {"VALUE"}});
  for (const auto& member : protocol::members(record.payload)) {
    const auto name = protocol::unescaped(member.key);
    const auto here = readable(member.value);
    if (!record.pending) {
      table.row({{printable(name)}, {here}});
      continue;
    }
    const auto there = record.base ? protocol::find_member(*record.base, name) : std::string_view();
    const auto on_server = there.empty() ? "–" : readable(there);
    table.row({{printable(name)}, {here, here == on_server ? Colour::none : Colour::yellow}, {on_server}});
  }
  table.finish();
}

void print_text(Terminal& terminal, const Shown& shown) {
  const auto& record = shown.record;
  std::string state = record.deleted ? "deleted" : record.pending ? "not on the server yet" : "as on the server";
  if (record.deleted && record.pending) state += ", not on the server yet";
  terminal.line(terminal.painted(Colour::bold, record.key.model.value + " " + printable(record.key.id.value)) + "  " +
                terminal.painted(record.pending ? Colour::yellow : Colour::green, state));
  terminal.line("server rev " + std::to_string(record.rev.value) +
                (record.rev.value == 0 ? " (never seen there)" : "") + ", updated " +
                rfc3339_ms(from_ms(record.updated_at_ms)));
  terminal.line("");
  print_fields(terminal, record);
  if (record.payload != "{}") terminal.line("");
  LogTable table(terminal, /*entities=*/false);
  for (const auto& entry : shown.history) table.add(entry);
  table.finish();
  if (shown.history.empty()) terminal.line("no edits were made here");
}

}  // namespace

void define_show(CommandLine& line) {
  auto options = std::make_shared<ShowOptions>();
  line.positional("MODEL", &options->model, "as in Task");
  line.positional("ID", &options->id, "of the entity");
  line.details("The history is of the edits made here; what others wrote arrives as the server's state.");
  line.run([options](Context& context) {
    const auto shown = read(context, {model_argument(options->model), id_argument(options->id)});
    if (context.json()) {
      print_json(context.terminal(), shown);
    } else {
      print_text(context.terminal(), shown);
    }
    return ExitCode::done;
  });
}

}  // namespace tether::cmd
