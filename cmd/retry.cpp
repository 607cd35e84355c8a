// SPDX-License-Identifier: MIT
#include <memory>

#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/json_out.hpp"
#include "cmd/named_id.hpp"
#include "replica/log.hpp"

namespace tether::cmd {

namespace {

struct RetryOptions {
  std::vector<std::string> ids;
  bool all = false;
  bool dismiss = false;
};

void check(const RetryOptions& options) {
  if (options.all == options.ids.empty()) return;
  throw Error(ErrorCode::usage, options.all ? "--all and ids do not go together" : "which mutations?",
              "Give their ids, or --all; `tether log --status failed` lists them.");
}

/// Failed mutations that no one dealt with yet.
std::vector<MutationId> failed_mutations(sql::Transaction& transaction) {
  std::vector<MutationId> ids;
  replica::LogQuery query;
  query.status = "failed";
  replica::read_log(transaction, query, [&](const replica::LogEntry& entry) {
    if (entry.settled_by.empty()) ids.push_back(entry.mutation.mutation_id);
  });
  return ids;
}

std::vector<MutationId> chosen(replica::File& file, const RetryOptions& options) {
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    const std::vector<MutationId> failed = failed_mutations(transaction);
    if (options.all) return failed;
    std::vector<MutationId> ids;
    for (const std::string& typed : options.ids) {
      NamedId name(typed);
      for (const MutationId& id : failed) name.offer(id.value, id.value);
      ids.push_back({name.only_one("failed mutation", "`tether log --status failed` lists them.")});
    }
    return ids;
  });
}

ExitCode dismiss(Context& context, const RetryOptions& options) {
  replica::File file = context.open_file();
  const std::int64_t dismissed = replica::dismiss_failed(file, chosen(file, options));
  if (context.json()) {
    JsonObject json;
    json.integer("dismissed", dismissed);
    context.terminal().line(std::move(json).finish());
  } else {
    context.terminal().line("gave up " + counted(dismissed, "failed mutation"));
  }
  return ExitCode::done;
}

ExitCode put_back(Context& context, const RetryOptions& options) {
  replica::File file = context.open_file();
  const std::vector<MutationId> queued =
      options.all ? replica::retry_all_failed(file) : replica::retry_failed(file, chosen(file, options));
  Terminal& terminal = context.terminal();
  if (context.json()) {
    std::vector<std::string> ids;
    for (const MutationId& id : queued) ids.push_back(id.value);
    JsonObject json;
    json.integer("queued", static_cast<std::int64_t>(queued.size())).texts("mutation_ids", ids);
    terminal.line(std::move(json).finish());
    return ExitCode::done;
  }
  for (const MutationId& id : queued) terminal.line(printable(id.value));
  const std::string mutations = counted(static_cast<std::int64_t>(queued.size()), "mutation");
  terminal.message(queued.empty() ? "nothing to send again"
                                  : mutations + " back in the queue, for the next `tether push`");
  return ExitCode::done;
}

}  // namespace

void define_retry(CommandLine& line) {
  auto options = std::make_shared<RetryOptions>();
  line.positional("ID", &options->ids, "mutation ids of failed mutations, or beginnings of them");
  line.flag("--all", &options->all, "every failed mutation");
  line.flag("--dismiss", &options->dismiss, "give them up: the record goes back to the server's state");
  line.details(
      R"(Puts failed mutations back in the queue and prints the ids that the next push
sends. One that the server never decided goes back under its own id; one that it
rejected would be answered the same for ever, so its change is recorded anew, under
a new id and over the present state. Correct what was wrong first.

Nothing is lost by --dismiss: the log keeps what was dismissed.)");
  line.run([options](Context& context) {
    check(*options);
    return options->dismiss ? dismiss(context, *options) : put_back(context, *options);
  });
}

}  // namespace tether::cmd
