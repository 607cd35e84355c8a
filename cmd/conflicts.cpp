// SPDX-License-Identifier: MIT
// `tether conflicts`, `conflicts list` and `conflicts show`; resolving is in conflicts_resolve.cpp.
#include "cmd/conflicts.hpp"

#include <memory>

#include "cmd/commands.hpp"
#include "cmd/conflict_view.hpp"
#include "cmd/context.hpp"
#include "cmd/named_id.hpp"

namespace tether::cmd {

replica::ConflictView conflict_named(sql::Transaction& transaction, const std::string& typed, bool include_resolved) {
  if (auto conflict = replica::find_conflict(transaction, typed)) return *conflict;
  NamedId name(typed);
  replica::list_conflicts(transaction, include_resolved, [&](const replica::ConflictView& conflict) {
    name.offer(conflict.mutation_id.value, conflict.mutation_id.value);
    name.offer(conflict.mutation_id.value, conflict.key.id.value);
  });
  const std::string id =
      name.only_one(include_resolved ? "conflict" : "open conflict", "`tether conflicts` lists them.");
  auto conflict = replica::find_conflict(transaction, id);
  TETHER_ASSERT(conflict.has_value());  // listed in this same transaction
  return *conflict;
}

namespace {

struct ListOptions {
  bool all = false;
};

void add_row(Table& table, const replica::ConflictView& conflict, bool with_resolution) {
  std::vector<Table::Cell> cells{printable(conflict.mutation_id.value), printable(conflict.key.model.value),
                                 printable(conflict.key.id.value), std::string(protocol::name(conflict.operation))};
  if (with_resolution) cells.emplace_back(conflict.resolved_at.empty() ? "open" : printable(conflict.resolution));
  cells.emplace_back(what_differs(conflict.fields, conflict.theirs_deleted));
  table.row(std::move(cells));
}

ExitCode run_list(Context& context, const ListOptions& options) {
  replica::File file = context.open_file_read_only();
  Terminal& terminal = context.terminal();
  std::vector<Table::Column> columns{{"CONFLICT"}, {"MODEL"}, {"ID"}, {"MINE"}};
  if (options.all) columns.push_back({"STATE"});
  columns.push_back({"DIFFERS IN"});
  Table table(terminal, std::move(columns));
  std::int64_t count = 0;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    replica::list_conflicts(transaction, options.all, [&](const replica::ConflictView& conflict) {
      ++count;
      if (terminal.json()) {
        terminal.line(conflict_json(conflict));
      } else {
        add_row(table, conflict, options.all);
      }
    });
  });
  table.finish();
  if (count == 0 && !terminal.json()) terminal.message(options.all ? "no conflicts" : "no open conflicts");
  return ExitCode::done;
}

ExitCode run_show(Context& context, const std::string& id) {
  replica::File file = context.open_file_read_only();
  const replica::ConflictView conflict = sql::in_transaction(
      file.database(), sql::Access::read,
      [&](sql::Transaction& transaction) { return conflict_named(transaction, id, /*include_resolved=*/true); });
  if (context.json()) {
    context.terminal().line(conflict_json(conflict));
    return ExitCode::done;
  }
  print_conflict(context.terminal(), conflict);
  if (conflict.resolved_at.empty()) {
    context.terminal().message("\n`tether conflicts resolve " + printable(conflict.mutation_id.value) +
                               " --mine`, `--theirs`, `--set FIELD=VALUE` or `--edit` settles it.");
  }
  return ExitCode::done;
}

void define_list_options(CommandLine& line) {
  auto options = std::make_shared<ListOptions>();
  line.flag("--all", &options->all, "also those that are resolved");
  line.run([options](Context& context) { return run_list(context, *options); });
}

void define_show_conflict(CommandLine& line) {
  auto id = std::make_shared<std::string>();
  line.positional("ID", id.get(), "the conflict's mutation id, its record's id, or a beginning of either");
  line.details(
      R"(Shows what both sides had seen (base), what was written here (mine) and what
stands on the server (theirs), field by field. A star marks a field in which mine
and theirs differ, a dash one that is not there.)");
  line.run([id](Context& context) { return run_show(context, *id); });
}

}  // namespace

void define_conflicts(CommandLine& line) {
  define_list_options(line);
  line.sub_command({"list", "one line per open conflict; the same as no sub-command", define_list_options});
  line.sub_command({"show", "base, mine and theirs side by side", define_show_conflict});
  line.sub_command({"resolve", "settle a conflict", define_resolve_conflict});
  line.details(
      R"(A conflict is an edit that was written here without having seen a change that
someone else had already brought to the server, and lost against it. The server's
state stands in the record; the losing edit waits here until it is resolved.)");
}

}  // namespace tether::cmd
