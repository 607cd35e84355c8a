// SPDX-License-Identifier: MIT
// `tether list`: what models there are, and the local state of one, row by row.
#include <fmt/ranges.h>

#include <memory>

#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/field_values.hpp"
#include "cmd/record_view.hpp"

namespace tether::cmd {
namespace {

struct ListOptions {
  std::optional<std::string> model;
  std::vector<std::string> where;
  bool deleted = false;
};

/// A value as replica::matches compares it: the text of a string, anything else as it is written.
std::pair<std::string, std::string> condition(const std::string& word) {
  const auto field = with_context("--where", [&] { return parse_field(word); });
  const auto& json = field.json;
  return {field.name, json.front() == '"' ? protocol::unescaped(json.substr(1, json.size() - 2)) : json};
}

std::string state_of(const replica::RecordView& record) {
  std::vector<std::string_view> words;
  if (record.deleted) words.push_back("deleted");
  if (record.pending) words.push_back(record.failed ? "failed" : "pending");
  if (record.conflict) words.push_back("conflict");
  return words.empty() ? "synced" : fmt::format("{}", fmt::join(words, ", "));
}

Colour colour_of(const replica::RecordView& record) {
  if (record.failed || record.conflict) return Colour::red;
  if (record.deleted) return Colour::dim;
  return record.pending ? Colour::yellow : Colour::none;
}

ExitCode list_models(Context& context, const ListOptions& options) {
  if (options.deleted || !options.where.empty()) {
    throw Error(ErrorCode::usage, "--where and --deleted go with a MODEL",
                "`tether list` shows what models there are.");
  }
  auto file = context.open_file_read_only();
  auto& terminal = context.terminal();
  Table table(terminal, {{"MODEL"},
                         {"RECORDS", Table::Align::right},
                         {"PENDING", Table::Align::right},
                         {"DELETED", Table::Align::right}});
  bool is_empty = true;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    replica::list_models(transaction, [&](const replica::ModelCount& found) {
      is_empty = false;
      if (context.json()) {
        JsonObject json;
        json.text("model", found.model.value).integer("records", found.records);
        json.integer("pending", found.pending).integer("deleted", found.deleted);
        terminal.line(std::move(json).finish());
        return;
      }
      table.row({{printable(found.model.value)},
                 {grouped(found.records)},
                 {grouped(found.pending), found.pending > 0 ? Colour::yellow : Colour::none},
                 {grouped(found.deleted)}});
    });
  });
  table.finish();
  if (is_empty) terminal.message("no records yet: `tether record create MODEL FIELD=VALUE` makes one");
  return ExitCode::done;
}

ExitCode list_records(Context& context, const ListOptions& options) {
  replica::ListOptions query{model_argument(*options.model), {}, options.deleted};
  for (const auto& word : options.where) query.where.push_back(condition(word));
  auto file = context.open_file_read_only();
  auto& terminal = context.terminal();
  Table table(terminal, {{"ID"}, {"REV", Table::Align::right}, {"STATE"}, {"UPDATED"}, {"FIELDS"}});
  std::int64_t count = 0;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    replica::list(transaction, query, [&](const replica::RecordView& record) {
      ++count;
      if (context.json()) {
        terminal.line(record_json(record).finish());
        return;
      }
      const Colour colour = colour_of(record);
      table.row({{printable(record.key.id.value), colour},
                 {std::to_string(record.rev.value)},
                 {state_of(record), colour},
                 {rfc3339_ms(from_ms(record.updated_at_ms))},
                 {as_words(record.payload)}});
    });
  });
  table.finish();
  if (count == 0)
    terminal.message("no records of " + *options.model + (options.where.empty() ? "" : " with these values"));
  return ExitCode::done;
}

}  // namespace

void define_list(CommandLine& line) {
  auto options = std::make_shared<ListOptions>();
  line.positional("MODEL", &options->model, "as in Task; without one, the models that there are");
  line.option("--where", "FIELD=VALUE", &options->where, "only records with this value; several must all hold");
  line.flag("--deleted", &options->deleted, "deleted records too");
  line.details("In the order of ids, which is the order of making where the ids are ULIDs.");
  line.details("  tether list Task --where done=false\n  tether --json list Task | jq -r .payload.title");
  line.run([options](Context& context) {
    return options->model ? list_records(context, *options) : list_models(context, *options);
  });
}

}  // namespace tether::cmd
