// SPDX-License-Identifier: MIT
#include "cmd/cycle_report.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/conflict_view.hpp"
#include "cmd/json_out.hpp"
#include "cmd/rejection_text.hpp"
#include "protocol/codec.hpp"
#include "replica/log.hpp"

namespace tether::cmd {

namespace {

/// Looks a mutation up in the log.
using Entries = std::function<std::optional<replica::LogEntry>(const MutationId&)>;

JsonObject named_json(const Entries& entry_of, const MutationId& id) {
  JsonObject json;
  json.text("mutation_id", id.value);
  if (const auto entry = entry_of(id)) {
    json.text("model", entry->mutation.model.value).text("id", entry->mutation.entity_id.value);
  }
  return json;
}

std::string conflicts_json(const Entries& entry_of, const std::vector<protocol::ConflictReport>& conflicts) {
  std::vector<std::string> all;
  all.reserve(conflicts.size());
  for (const protocol::ConflictReport& conflict : conflicts) {
    JsonObject json = named_json(entry_of, conflict.mutation_id);
    json.texts("fields", conflict.fields).boolean("theirs_deleted", conflict.deleted);
    all.push_back(std::move(json).finish());
  }
  return json_array(all);
}

std::string losses_json(const Entries& entry_of, const std::vector<protocol::LossReport>& losses) {
  std::vector<std::string> all;
  all.reserve(losses.size());
  for (const protocol::LossReport& loss : losses) {
    JsonObject json = named_json(entry_of, loss.mutation_id);
    json.raw("lost", protocol::encode_loss_data(loss));
    all.push_back(std::move(json).finish());
  }
  return json_array(all);
}

std::string overwrites_json(const std::vector<protocol::OverwriteReport>& overwrites) {
  std::vector<std::string> all;
  all.reserve(overwrites.size());
  for (const protocol::OverwriteReport& report : overwrites) all.push_back(protocol::encode_overwrite(report));
  return json_array(all);
}

std::string as_json(const CycleReport& report, const Entries& entry_of, bool skipped, std::int64_t duration_ms) {
  std::vector<std::string> rejections;
  rejections.reserve(report.push.rejections.size());
  for (const protocol::Rejection& rejection : report.push.rejections) {
    JsonObject json;
    json.text("mutation_id", rejection.mutation_id.value).text("reason", rejection.reason).raw("data", rejection.data);
    rejections.push_back(std::move(json).finish());
  }
  JsonObject json;
  json.integer("pushed", report.push.pushed)
      .integer("failed", report.push.failed)
      .integer("conflicts", report.push.conflicts)
      .integer("pulled", report.pulled)
      .raw("rejections", json_array(rejections))
      .raw("conflicts_found", conflicts_json(entry_of, report.push.conflicts_found))
      .raw("losses", losses_json(entry_of, report.push.losses));
  if (report.overwritten > 0) json.raw("overwritten", overwrites_json(report.overwrites));
  json.boolean("skipped", skipped).integer("duration_ms", duration_ms);
  return std::move(json).finish();
}

/// Of a cycle that was cut short only what was done, if anything: "pulled 0" would say that there was nothing to pull.
std::string summary(const CycleOptions& options, const CycleReport& report) {
  std::vector<std::string> parts;
  const auto tell = [&](std::int64_t count) { return count > 0 || !report.cut_short; };
  const bool refused_some = report.push.failed + report.push.conflicts + report.push.skipped > 0;
  if (options.push && (tell(report.push.pushed) || refused_some)) {
    parts.push_back("pushed " + grouped(report.push.pushed));
  }
  if (report.push.merged > 0) parts.push_back(grouped(report.push.merged) + " merged with a loss");
  if (report.push.failed > 0) parts.push_back(grouped(report.push.failed) + " rejected");
  if (report.push.conflicts > 0) parts.push_back(counted(report.push.conflicts, "conflict"));
  if (report.push.skipped > 0) parts.push_back(grouped(report.push.skipped) + " to be sent again");
  if (options.pull ? tell(report.pulled) : report.pulled > 0) parts.push_back("pulled " + grouped(report.pulled));
  if (report.overwritten > 0) parts.push_back(grouped(report.overwritten) + " overwritten by others");
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// `01J… update Task 01J…`
std::string named(const Entries& entry_of, const MutationId& id) {
  std::string text = printable(id.value);
  if (const auto entry = entry_of(id)) {
    const protocol::Mutation& mutation = entry->mutation;
    text += " " + std::string(protocol::name(mutation.operation)) + " " + printable(mutation.model.value) + " " +
            printable(mutation.entity_id.value);
  }
  return text;
}

void say_how_many_more(Terminal& terminal, std::int64_t count, std::size_t named) {
  const std::int64_t unnamed = count - static_cast<std::int64_t>(named);
  if (unnamed > 0) terminal.line("… and " + grouped(unnamed) + " more");
}

/// `rejected 01J… update Task 01J…: validation_failed: title: must not be empty`
void name_rejections(Terminal& terminal, const Entries& entry_of, const replica::PushReport& push) {
  for (const protocol::Rejection& rejection : push.rejections) {
    terminal.line(terminal.painted(Colour::red, "rejected") + " " + named(entry_of, rejection.mutation_id) + ": " +
                  rejection_text(rejection.reason, rejection.data));
  }
  say_how_many_more(terminal, push.failed, push.rejections.size());
}

/// `conflict 01J… update Task 01J…: title, done`
void name_conflicts(Terminal& terminal, const Entries& entry_of, const replica::PushReport& push) {
  for (const protocol::ConflictReport& conflict : push.conflicts_found) {
    const std::string what = what_differs(conflict.fields, conflict.deleted);
    terminal.line(terminal.painted(Colour::red, "conflict") + " " + named(entry_of, conflict.mutation_id) +
                  (what.empty() ? "" : ": " + what));
  }
  say_how_many_more(terminal, push.conflicts, push.conflicts_found.size());
}

/// `merged 01J… update Task 01J…: lost: hours`
void name_losses(Terminal& terminal, const Entries& entry_of, const replica::PushReport& push) {
  for (const protocol::LossReport& loss : push.losses) {
    terminal.line(terminal.painted(Colour::yellow, "merged") + " " + named(entry_of, loss.mutation_id) + ": " +
                  lost_text(loss.fields));
  }
  say_how_many_more(terminal, push.merged, push.losses.size());
}

/// `Task 01J… version 2: overwritten by 01J… at 2026-11-21T20:49:00.123Z: title`
void name_overwrites(Terminal& terminal, const CycleReport& report) {
  for (const protocol::OverwriteReport& overwrite : report.overwrites) {
    terminal.line(printable(overwrite.key.model.value) + " " + printable(overwrite.key.id.value) + " version " +
                  std::to_string(overwrite.version) + ": " + overwritten_text(overwrite));
  }
  say_how_many_more(terminal, report.overwritten, report.overwrites.size());
}

/// Also where nothing else is told: each needs somebody, or is nowhere else to be seen.
void name_what_lost(Terminal& terminal, const Entries& entry_of, const CycleReport& report) {
  name_rejections(terminal, entry_of, report.push);
  name_conflicts(terminal, entry_of, report.push);
  name_losses(terminal, entry_of, report.push);
  name_overwrites(terminal, report);
}

void say_what_next(Terminal& terminal, const CycleReport& report) {
  const replica::PushReport& push = report.push;
  if (push.failed > 0) {
    terminal.message(
        "`tether log --status failed` shows what was rejected; `tether retry` sends it again, `tether retry --dismiss` "
        "gives "
        "it up.");
  }
  if (push.conflicts > 0) terminal.message("`tether conflicts` shows them; `tether conflicts resolve ID` settles one.");
  if (push.merged > 0) {
    terminal.message(
        "`tether log` shows what lost against what others had written; `tether --json log` has the values.");
  }
  if (report.overwritten > 0) {
    terminal.message(
        "Others wrote over that without having seen it. `tether log` shows it with its mutation; `tether --json log` "
        "has the values.");
  }
  if (report.push_first) {
    terminal.message(
        "This is another server than before, or one that was restored from a backup; nothing was pulled. Is --server "
        "the wrong one, or the token another scope's? Then mend that first. If it was restored, run `tether sync`: it "
        "sends again what the server once had.");
  }
  if (push.skipped > 0) terminal.message("The server could not decide some just now; the next push sends them again.");
}

}  // namespace

void report_cycle(Terminal& terminal, replica::File& file, const CycleOptions& options, const CycleReport& report,
                  std::int64_t duration_ms) {
  // Asked only where there is something to name: after a fault the file may not answer.
  const Entries entry_of = [&](const MutationId& id) {
    return sql::in_transaction(file.database(), sql::Access::read,
                               [&](sql::Transaction& transaction) { return replica::find_mutation(transaction, id); });
  };
  if (terminal.json()) return terminal.line(as_json(report, entry_of, /*skipped=*/false, duration_ms));
  name_what_lost(terminal, entry_of, report);
  const std::string done = summary(options, report);
  if (!terminal.quiet() && !done.empty()) terminal.line(done);
  terminal.detail("took " + human_duration(std::chrono::milliseconds(duration_ms)));
  say_what_next(terminal, report);
}

ExitCode report_skipped(Terminal& terminal, std::int64_t duration_ms) {
  if (terminal.json()) {
    terminal.line(as_json(CycleReport{}, {}, /*skipped=*/true, duration_ms));
  } else {
    terminal.message("skipped: another tether is syncing this file");
  }
  return ExitCode::locked;
}

ExitCode exit_code(const CycleReport& report) {
  if (report.push.failed > 0 || report.push.conflicts > 0 || report.push_first) return ExitCode::attention;
  return report.push.skipped > 0 ? ExitCode::unreachable : ExitCode::done;
}

}  // namespace tether::cmd
