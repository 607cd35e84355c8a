// SPDX-License-Identifier: MIT
#include <memory>

#include "base/log.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/json_stream.hpp"
#include "cmd/named_id.hpp"
#include "replica/log.hpp"
#include "replica/status.hpp"

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

/// A whole id is looked up; only for the beginning of one all that failed is gone through.
void offer_failed(sql::Transaction& transaction, NamedId& name) {
  for (const std::string_view word : name.beginnings()) {
    const auto entry = replica::find_mutation(transaction, {std::string(word)});
    if (!entry || entry->sync_status != "failed" || !entry->settled_by.empty()) continue;
    return name.offer(word, word);
  }
  replica::failed_mutations(
      transaction, [&](const replica::FailedMutation& failed) { name.offer(failed.id.value, failed.id.value); });
}

/// The failed mutations that the words name.
std::vector<MutationId> chosen(replica::File& file, const std::vector<std::string>& typed) {
  std::vector<MutationId> ids;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    for (const std::string& word : typed) {
      NamedId name(word);
      offer_failed(transaction, name);
      ids.push_back({name.only_one("failed mutation", "`tether log --status failed` lists them.")});
    }
  });
  return ids;
}

std::string record_name(const EntityKey& key) {
  return printable(key.model.value) + " " + printable(key.id.value);
}

/// Those that stay failed, and why: all are counted, the first named.
class Refusals {
 public:
  void add(const replica::Refusal& refusal) {
    ++count_;
    if (named_.size() < k_named_max) named_.push_back(refusal);
  }

  std::int64_t count() const { return count_; }
  ExitCode exit_code() const { return count_ > 0 ? ExitCode::attention : ExitCode::done; }

  std::vector<std::string> json() const {
    std::vector<std::string> objects;
    for (const replica::Refusal& refusal : named_) {
      JsonObject json;
      json.text("mutation_id", refusal.mutation.id.value).text("model", refusal.mutation.key.model.value);
      json.text("id", refusal.mutation.key.id.value);
      json.text("message", refusal.why.what()).text("hint", refusal.why.hint());
      objects.push_back(std::move(json).finish());
    }
    return objects;
  }

  void warn(Terminal& terminal) const {
    for (const replica::Refusal& refusal : named_) {
      terminal.warning("mutation " + printable(refusal.mutation.id.value) + " of " + record_name(refusal.mutation.key) +
                       " stays failed: " + refusal.why.what() + "\n  " + refusal.why.hint());
    }
  }

 private:
  static constexpr std::size_t k_named_max = 1'000;

  std::vector<replica::Refusal> named_;
  std::int64_t count_ = 0;
};

replica::Dismissal dismiss_all(Terminal& terminal, replica::File& file, Refusals& refusals) {
  Progress progress(terminal, "giving up", replica::status(file).failed);
  return replica::dismiss_all_failed(
      file, [&](const replica::Refusal& refusal) { refusals.add(refusal); },
      [&](std::int64_t count) { progress.at(count); });
}

std::string dismissal_json(const replica::Dismissal& dismissal, const Refusals& refusals) {
  std::vector<std::string> along;
  for (const auto& edit : dismissal.along) along.push_back(edit.id.value);
  JsonObject json;
  json.integer("dismissed", dismissal.dismissed);
  json.texts("dismissed_along", along);
  json.raw("refusals", json_array(refusals.json())).integer("refused", refusals.count());
  return std::move(json).finish();
}

void print_dismissal(Terminal& terminal, const replica::Dismissal& dismissal, const Refusals& refusals) {
  refusals.warn(terminal);
  if (dismissal.dismissed == 0 && refusals.count() == 0) return terminal.message("nothing to give up");
  const std::string more = refusals.count() > 0 ? "; " + counted(refusals.count(), "mutation") + " could not be" : "";
  terminal.line("gave up " + counted(dismissal.dismissed, "failed mutation") + more);
  for (const auto& edit : dismissal.along) {
    terminal.line("gave up " + std::string(protocol::name(edit.operation)) + " " + printable(edit.id.value) + " of " +
                  record_name(edit.key) + " with it: without the record it could never apply");
  }
}

ExitCode dismiss(Context& context, const RetryOptions& options) {
  replica::File file = context.open_file();
  Refusals refusals;
  const replica::Dismissal dismissal = options.all ? dismiss_all(context.terminal(), file, refusals)
                                                   : replica::dismiss_failed(file, chosen(file, options.ids));
  if (context.json()) {
    context.terminal().line(dismissal_json(dismissal, refusals));
  } else {
    print_dismissal(context.terminal(), dismissal, refusals);
  }
  return refusals.exit_code();
}

/// What goes back in the queue is printed as it does; what stays failed is kept for the end.
class Report {
 public:
  explicit Report(Terminal& terminal) : terminal_(terminal) {
    if (!terminal_.json()) return;
    stream_.emplace(terminal_, JsonObject());
    stream_->begin_array("mutation_ids");
  }

  void queued(const MutationId& id) {
    ++queued_;
    if (!stream_) return terminal_.line(printable(id.value));
    stream_->item(json_quoted(id.value));
  }

  void refused(const replica::Refusal& refusal) { refusals_.add(refusal); }

  std::int64_t done() const { return queued_ + refusals_.count(); }

  ExitCode finish() {
    if (stream_) {
      finish_json();
    } else {
      finish_text();
    }
    return refusals_.exit_code();
  }

 private:
  void finish_json() {
    stream_->end_array();
    stream_->begin_array("refusals");
    for (const std::string& refusal : refusals_.json()) stream_->item(refusal);
    stream_->end_array();
    stream_->finish(std::move(JsonObject().integer("queued", queued_).integer("refused", refusals_.count())));
  }

  void finish_text() {
    refusals_.warn(terminal_);
    const std::string more =
        refusals_.count() > 0 ? "; " + counted(refusals_.count(), "mutation") + " could not be" : "";
    terminal_.message(done() == 0
                          ? "nothing to send again"
                          : counted(queued_, "mutation") + " back in the queue, for the next `tether push`" + more);
  }

  Terminal& terminal_;
  std::optional<JsonStream> stream_;
  std::int64_t queued_ = 0;
  Refusals refusals_;
};

void put_all_back(Terminal& terminal, replica::File& file, Report& report) {
  Progress progress(terminal, "putting back", replica::status(file).failed);
  replica::retry_all_failed(
      file,
      [&](const MutationId& id) {
        report.queued(id);
        progress.at(report.done());
      },
      [&](const replica::Refusal& refusal) { report.refused(refusal); });
}

ExitCode put_back(Context& context, const RetryOptions& options) {
  replica::File file = context.open_file();
  if (!options.all) {
    const std::vector<MutationId> queued = replica::retry_failed(file, chosen(file, options.ids));
    Report report(context.terminal());
    for (const MutationId& id : queued) report.queued(id);
    return report.finish();
  }
  Report report(context.terminal());
  try {
    put_all_back(context.terminal(), file, report);
  } catch (const Error&) {
    report.finish();  // what was put back before the fault stays so
    throw;
  }
  return report.finish();
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

Of --all, a record that is larger than any server takes stays failed and is named;
it holds up no other. Shorten it, and retry.

Nothing is lost by --dismiss: the log keeps what was dismissed. Where an edit that
waits carries its values to the server, it stays failed: push first. So do all of
several ids, while of --all the others are given up. An edit that waits for a record
that now is never made is given up with it, and named.)");
  line.exit_status(ExitCode::attention, "--all: a mutation could not be put back or given up, and is named");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([options](Context& context) {
    check(*options);
    return options->dismiss ? dismiss(context, *options) : put_back(context, *options);
  });
}

}  // namespace tether::cmd
