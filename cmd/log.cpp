// SPDX-License-Identifier: MIT
// `tether log`: the mutation log.
#include <algorithm>
#include <memory>

#include "base/nearest.hpp"
#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/log_text.hpp"
#include "cmd/named_entity.hpp"
#include "cmd/record_view.hpp"
#include "replica/overwritten.hpp"

namespace tether::cmd {
namespace {

struct LogOptions {
  std::optional<std::string> model;
  std::optional<std::string> id;
  std::optional<std::string> status;
  std::optional<std::string> since;
  std::optional<std::int64_t> limit;
  bool reverse = false;
  bool diff = false;
};

const std::vector<std::string_view> k_statuses{"pending", "syncing", "synced", "failed", "conflict"};

void check_status(const std::string& status) {
  if (std::find(k_statuses.begin(), k_statuses.end(), status) != k_statuses.end()) return;
  const auto guess = nearest(status, k_statuses);
  throw Error(ErrorCode::usage, "--status: '" + status + "' is no status",
              guess.empty() ? "The statuses are pending, syncing, synced, failed and conflict."
                            : "Did you mean " + std::string(guess) + "?");
}

/// A time, or how long ago.
std::int64_t since_ms(Context& context, const std::string& text) {
  const bool is_time = text.find('-') != std::string::npos;
  const bool is_day = is_time && text.find('T') == std::string::npos && text.size() == 10;
  try {
    if (is_time) return to_ms(parse_rfc3339(is_day ? text + "T00:00:00Z" : text));
    return to_ms(context.clock().now()) - parse_duration(text).count();
  } catch (const Error&) {
    throw Error(ErrorCode::usage, "--since: '" + text + "' is no time",
                "Write 2026-11-21T20:49:00Z, 2026-11-21, or how long ago: 2h, 7d.");
  }
}

replica::LogQuery query_of(Context& context, const LogOptions& options) {
  replica::LogQuery query;
  if (options.model) query.model = model_argument(*options.model);
  if (options.id) query.entity_id = id_argument(*options.id);
  if (options.status) check_status(*options.status);
  query.status = options.status;
  if (options.since) query.since_ms = since_ms(context, *options.since);
  query.limit = options.limit;
  query.reverse = options.reverse;
  return query;
}

ExitCode run_log(Context& context, const LogOptions& options) {
  auto query = query_of(context, options);
  auto file = context.open_file_read_only();
  auto& terminal = context.terminal();
  LogTable table(terminal, !options.id);
  std::int64_t count = 0;
  const auto print = [&](const replica::LogEntry& entry) {
    ++count;
    if (context.json()) {
      terminal.line(log_entry_json(entry));
    } else if (options.diff) {
      print_diff(terminal, entry);
    } else {
      table.add(entry);
    }
  };
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    if (query.entity_id) query.entity_id = entity_named(transaction, {*query.model, *query.entity_id}).id;
    // What the log has forgotten is older than what it holds, so that it is never of the newest.
    if (!query.limit && !query.reverse) replica::read_forgotten(transaction, query, print);
    replica::read_log(transaction, query, print);
    if (!query.limit && query.reverse) replica::read_forgotten(transaction, query, print);
  });
  table.finish();
  if (count == 0) terminal.message("no such mutations");
  return ExitCode::done;
}

}  // namespace

void define_log(CommandLine& line) {
  auto options = std::make_shared<LogOptions>();
  line.positional("MODEL", &options->model, "only this model");
  line.positional("ID", &options->id, "only this entity; a beginning that only it has will do");
  line.option("--status", "STATUS", &options->status, "pending, syncing, synced, failed or conflict");
  line.option("--since", "TIME", &options->since, "written since 2026-11-21T20:49:00Z, 2026-11-21, or 2h (ago)");
  line.option("-n,--limit", "N", &options->limit, "the newest N");
  line.flag("--reverse", &options->reverse, "newest first");
  line.flag("--diff", &options->diff, "what each field was and became");
  line.details("  tether log --status failed\n  tether log Task 01KAP… --diff");
  line.run([options](Context& context) { return run_log(context, *options); });
}

}  // namespace tether::cmd
