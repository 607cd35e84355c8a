// SPDX-License-Identifier: MIT
// `tether show MODEL ID`: one record, what the server has beneath it, what waits to be sent, and how it came to be.
#include <memory>

#include "base/log.hpp"
#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/field_values.hpp"
#include "cmd/json_stream.hpp"
#include "cmd/log_text.hpp"
#include "cmd/named_entity.hpp"
#include "cmd/record_view.hpp"
#include "protocol/payload.hpp"
#include "replica/overwritten.hpp"

namespace tether::cmd {
namespace {

struct ShowOptions {
  std::string model;
  std::string id;
};

/// Still on its way: what the record shows beside the server's state.
bool is_pending(const replica::LogEntry& entry) {
  if (entry.sync_status == "failed") return entry.settled_by.empty();
  return entry.sync_status == "pending" || entry.sync_status == "syncing";
}

replica::RecordView find(sql::Transaction& transaction, const EntityKey& key) {
  auto record = replica::find(transaction, key);
  if (record) return *std::move(record);
  throw Error(ErrorCode::not_found, "there is no " + key.model.value + " " + key.id.value,
              "`tether list " + key.model.value + "` shows what there is; `tether pull` brings what others made.");
}

/// Entry by entry, as they are read: an entity may have been edited very often.
void read_history(sql::Transaction& transaction, const EntityKey& key,
                  const std::function<void(const replica::LogEntry&)>& sink) {
  replica::LogQuery query;
  query.model = key.model;
  query.entity_id = key.id;
  replica::read_forgotten(transaction, query, sink);
  replica::read_log(transaction, query, sink);
}

void print_json(Terminal& terminal, sql::Transaction& transaction, const replica::RecordView& record) {
  JsonObject members = record_json(record);
  members.raw("base", record.base.value_or("null")).boolean("base_deleted", record.base_deleted);
  JsonStream stream(terminal, std::move(members));
  stream.begin_array("pending_edits");
  read_history(transaction, record.key, [&](const replica::LogEntry& entry) {
    if (is_pending(entry)) stream.item(log_entry_json(entry));
  });
  stream.end_array();
  stream.begin_array("history");
  read_history(transaction, record.key, [&](const replica::LogEntry& entry) { stream.item(log_entry_json(entry)); });
  stream.end_array();
  stream.finish();
}

/// As JSON, so that the text "5" and the number 5 look different; a text with as few escapes as there may be.
std::string shown(std::string_view value) {
  if (!value.starts_with('"')) return readable(value);
  return printable(json_quoted(protocol::unescaped(value.substr(1, value.size() - 2))));
}

void print_fields(Terminal& terminal, const replica::RecordView& record) {
  Table table(terminal, record.pending ? std::vector<Table::Column>{{"FIELD"}, {"HERE"}, {"ON THE SERVER"}}
                                       : std::vector<Table::Column>{{"FIELD"}, {"VALUE"}});
  for (const auto& member : protocol::members(record.payload)) {
    const auto name = protocol::unescaped(member.key);
    if (!record.pending) {
      table.row({{printable(name)}, {shown(member.value)}});
      continue;
    }
    const std::string here = record.deleted ? "-" : shown(member.value);
    const auto there = record.base ? protocol::find_member(*record.base, name) : std::string_view();
    const auto on_server = there.empty() ? "-" : shown(there);
    table.row({{printable(name)}, {here, here == on_server ? Colour::none : Colour::yellow}, {on_server}});
  }
  table.finish();
}

/// What waits for a person, with the command that deals with it.
void print_troubles(Terminal& terminal, const replica::RecordView& record) {
  const auto trouble = [&](std::string_view what) { terminal.line(terminal.painted(Colour::red, what)); };
  if (record.failed)
    trouble("an edit was refused: `tether retry ID` with its id below sends it again, with --dismiss gives it up");
  if (record.conflict)
    trouble("an edit is in conflict: `tether conflicts show " + printable(record.key.id.value) + "`");
}

void print_heading(Terminal& terminal, const replica::RecordView& record) {
  std::string state = record.deleted ? "deleted" : record.pending ? "not on the server yet" : "as on the server";
  if (record.deleted && record.pending) state += ", not on the server yet";
  terminal.line(terminal.painted(Colour::bold, record.key.model.value + " " + printable(record.key.id.value)) + "  " +
                terminal.painted(record.pending ? Colour::yellow : Colour::green, state));
  terminal.line("server rev " + std::to_string(record.rev.value) +
                (record.rev.value == 0 ? " (never seen there)" : "") + ", updated " +
                rfc3339_ms(from_ms(record.updated_at_ms)));
  print_troubles(terminal, record);
  terminal.line("");
}

void print_text(Terminal& terminal, sql::Transaction& transaction, const replica::RecordView& record) {
  print_heading(terminal, record);
  print_fields(terminal, record);
  if (record.payload != "{}") terminal.line("");
  LogTable table(terminal, /*entities=*/false);
  bool is_empty = true;
  read_history(transaction, record.key, [&](const replica::LogEntry& entry) {
    table.add(entry);
    is_empty = false;
  });
  table.finish();
  if (is_empty) terminal.line("no edits were made here");
}

ExitCode run_show(Context& context, const EntityKey& typed) {
  replica::File file = context.open_file_read_only();
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    const replica::RecordView record = find(transaction, entity_named(transaction, typed));
    if (context.json()) {
      print_json(context.terminal(), transaction, record);
    } else {
      print_text(context.terminal(), transaction, record);
    }
  });
  return ExitCode::done;
}

}  // namespace

void define_show(CommandLine& line) {
  auto options = std::make_shared<ShowOptions>();
  line.positional("MODEL", &options->model, "as in Task");
  line.positional("ID", &options->id, "of the entity, or a beginning that only it has");
  line.details("The history is of the edits made here; what others wrote arrives as the server's state.");
  line.run([options](Context& context) {
    return run_show(context, {model_argument(options->model), id_argument(options->id)});
  });
}

}  // namespace tether::cmd
