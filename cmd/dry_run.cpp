// SPDX-License-Identifier: MIT
#include "cmd/dry_run.hpp"

#include <string>
#include <variant>
#include <vector>

#include "cmd/json_out.hpp"
#include "cmd/output.hpp"
#include "cmd/preview_report.hpp"
#include "protocol/codec.hpp"
#include "replica/pull.hpp"
#include "replica/status.hpp"

namespace tether::cmd {

namespace {

constexpr std::int64_t k_rows_shown = 10;

// Read here and not through read_log, which knows the newest only: a long queue is not gone through for ten rows.
constexpr sql::Statement k_first_unsent{
    "SELECT mutation_id, model, entity_id, operation FROM tether_mutation_logs "
    "WHERE sync_status <> 'synced' AND sync_status IN ('pending', 'syncing') ORDER BY id LIMIT $1"};

struct Unsent {
  std::string mutation_id;
  std::string model;
  std::string id;
  std::string operation;
};

/// The pending mutations that a push would send first, in its order.
std::vector<Unsent> first_unsent(replica::File& file) {
  std::vector<Unsent> rows;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    transaction.run(k_first_unsent, {k_rows_shown}, [&](const sql::Row& row) {
      rows.push_back(
          {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3))});
    });
  });
  return rows;
}

std::string entry_json(const Unsent& entry) {
  JsonObject json;
  json.text("mutation_id", entry.mutation_id)
      .text("model", entry.model)
      .text("id", entry.id)
      .text("operation", entry.operation);
  return std::move(json).finish();
}

void list_unsent(replica::File& file, Terminal& terminal, JsonObject& json) {
  const std::int64_t pending = replica::status(file).pending;
  const std::vector<Unsent> entries = first_unsent(file);
  if (terminal.json()) {
    std::vector<std::string> rows;
    for (const Unsent& entry : entries) rows.push_back(entry_json(entry));
    json.integer("would_push", pending).raw("first", json_array(rows));
    return;
  }
  terminal.line("would push " + counted(pending, "mutation"));
  Table table(terminal, {{"MUTATION"}, {"OPERATION"}, {"MODEL"}, {"ID"}});
  for (const Unsent& entry : entries) {
    table.row({printable(entry.mutation_id), printable(entry.operation), printable(entry.model), printable(entry.id)});
  }
  table.finish();
  const std::int64_t unnamed = pending - static_cast<std::int64_t>(entries.size());
  if (unnamed > 0) terminal.line("… and " + grouped(unnamed) + " more");
}

std::string body_of(const replica::Answer& answer) {
  if (const auto* unreachable = std::get_if<replica::Unreachable>(&answer)) {
    throw_unless_done(replica::End::unreachable, unreachable->reason);
  }
  if (const auto* forbidden = std::get_if<replica::Forbidden>(&answer)) {
    throw_unless_done(replica::End::forbidden, forbidden->reason);
  }
  return std::get<replica::Reply>(answer).body;
}

void dry_pull(Context& context, replica::File& file, const Settings& settings, JsonObject& json) {
  const auto connection = context.connect(settings);
  std::optional<std::int64_t> page;
  if (!settings.text("page").empty()) page = settings.number("page");
  const std::string request = replica::next_pull_request(file, page);
  const std::string body = body_of(connection->exchange().ask(replica::Call::pull, request));
  const protocol::PullReply reply = protocol::decode_pull_reply(body);
  const auto changes = static_cast<std::int64_t>(reply.snapshots.size());
  if (context.json()) {
    json.integer("would_pull", changes).boolean("has_more", reply.has_more).boolean("reset", reply.reset);
    return;
  }
  Terminal& terminal = context.terminal();
  terminal.line(std::string("would pull ") + (reply.has_more ? "at least " : "") + counted(changes, "change"));
  if (reply.reset) terminal.line("the server would send its full state: this file was last synced too long ago");
}

/// Without anything pending there is nothing to ask.
replica::PreviewReport ask_server(Context& context, replica::File& file, const Settings& settings) {
  if (replica::status(file).pending == 0) return {};
  const auto connection = context.connect(settings);
  const bool is_default = settings.at("batch").origin == Origin::fallback;
  const auto most = static_cast<std::int64_t>(protocol::Limits().mutations_max);
  replica::PreviewReport report =
      replica::preview(file, connection->exchange(), {.mutations_max = is_default ? most : settings.number("batch")});
  throw_unless_done(report.end, report.reason);
  return report;
}

/// What a push would do. ExitCode::attention for what --expect-clean does not expect.
ExitCode dry_push(Context& context, replica::File& file, const Settings& settings, const CycleOptions& options,
                  JsonObject& json) {
  const bool asks = !options.offline && !settings.text("server").empty();
  if (options.expect_clean) settings.server();
  if (!asks) {
    list_unsent(file, context.terminal(), json);
    return ExitCode::done;
  }
  const replica::PreviewReport report = ask_server(context, file, settings);
  report_preview(context.terminal(), report, json);
  return options.expect_clean && !is_clean(report) ? ExitCode::attention : ExitCode::done;
}

}  // namespace

ExitCode run_dry(Context& context, const CycleOptions& options) {
  replica::File file = context.open_file_read_only();
  const Settings settings = context.settings(file, options.settings);
  if (options.pull) settings.server();
  context.catch_interrupts();
  JsonObject json;
  json.boolean("dry_run", true);
  ExitCode status = ExitCode::done;
  if (options.push) status = dry_push(context, file, settings, options, json);
  if (options.pull) dry_pull(context, file, settings, json);
  if (context.json()) context.terminal().line(std::move(json).finish());
  return status;
}

}  // namespace tether::cmd
