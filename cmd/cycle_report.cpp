// SPDX-License-Identifier: MIT
#include "cmd/cycle_report.hpp"

#include <string>
#include <vector>

#include "cmd/json_out.hpp"
#include "cmd/rejection_text.hpp"
#include "replica/log.hpp"

namespace tether::cmd {

namespace {

std::string as_json(const CycleReport& report, bool skipped, std::int64_t duration_ms) {
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
      .boolean("skipped", skipped)
      .integer("duration_ms", duration_ms);
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
  if (report.push.failed > 0) parts.push_back(grouped(report.push.failed) + " rejected");
  if (report.push.conflicts > 0) parts.push_back(counted(report.push.conflicts, "conflict"));
  if (report.push.skipped > 0) parts.push_back(grouped(report.push.skipped) + " to be sent again");
  if (options.pull && tell(report.pulled)) parts.push_back("pulled " + grouped(report.pulled));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// `rejected 01J… update Task 01J…: validation_failed: title: must not be empty`
std::string rejection_line(const Terminal& terminal, sql::Transaction& transaction,
                           const protocol::Rejection& rejection) {
  const auto entry = replica::find_mutation(transaction, rejection.mutation_id);
  std::string what = printable(rejection.mutation_id.value);
  if (entry) {
    const protocol::Mutation& mutation = entry->mutation;
    what += " " + std::string(protocol::name(mutation.operation)) + " " + printable(mutation.model.value) + " " +
            printable(mutation.entity_id.value);
  }
  return terminal.painted(Colour::red, "rejected") + " " + what + ": " +
         rejection_text(rejection.reason, rejection.data);
}

void name_rejections(Terminal& terminal, replica::File& file, const replica::PushReport& push) {
  if (push.rejections.empty()) return;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    for (const protocol::Rejection& rejection : push.rejections) {
      terminal.line(rejection_line(terminal, transaction, rejection));
    }
  });
  const std::int64_t unnamed = push.failed - static_cast<std::int64_t>(push.rejections.size());
  if (unnamed > 0) terminal.line("… and " + grouped(unnamed) + " more");
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
  if (report.push_first) {
    terminal.message(
        "The server was restored from a backup. Nothing is pulled before what it once had is sent again: run `tether "
        "sync`.");
  }
  if (push.skipped > 0) terminal.message("The server could not decide some just now; the next push sends them again.");
}

}  // namespace

void report_cycle(Terminal& terminal, replica::File& file, const CycleOptions& options, const CycleReport& report,
                  std::int64_t duration_ms) {
  if (terminal.json()) return terminal.line(as_json(report, /*skipped=*/false, duration_ms));
  name_rejections(terminal, file, report.push);
  const std::string done = summary(options, report);
  if (!terminal.quiet() && !done.empty()) terminal.line(done);
  terminal.detail("took " + human_duration(std::chrono::milliseconds(duration_ms)));
  say_what_next(terminal, report);
}

ExitCode report_skipped(Terminal& terminal, std::int64_t duration_ms) {
  if (terminal.json()) {
    terminal.line(as_json(CycleReport{}, /*skipped=*/true, duration_ms));
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
