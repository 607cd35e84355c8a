// SPDX-License-Identifier: MIT
#include <memory>

#include "cmd/byte_size.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/file_progress.hpp"
#include "cmd/json_out.hpp"
#include "replica/upkeep.hpp"

namespace tether::cmd {

namespace {

constexpr std::chrono::hours k_keep_default{90 * 24};

void report(Context& context, const replica::CompactReport& done, std::int64_t duration_ms) {
  if (context.json()) {
    JsonObject json;
    json.integer("log_rows", done.log_rows)
        .integer("tombstones", done.tombstones)
        .integer("bytes_before", done.bytes_before)
        .integer("bytes_after", done.bytes_after)
        .integer("duration_ms", duration_ms);
    context.terminal().line(std::move(json).finish());
    return;
  }
  context.terminal().line("forgot " + counted(done.log_rows, "log entry", "log entries") + " and " +
                          counted(done.tombstones, "deleted record"));
  context.terminal().line(human_bytes(done.bytes_before) + " before, " + human_bytes(done.bytes_after) + " now");
}

ExitCode run_compact(Context& context, std::chrono::milliseconds keep) {
  Stopwatch stopwatch(context.clock());
  replica::File file = context.open_file();
  const replica::SyncLock lock(file.path());  // a sync half-way must find what it read
  const replica::CompactReport done = [&] {
    FileProgress progress(context, file, "compacting", "what was forgotten so far stays forgotten");
    return replica::compact(file, keep, [&](std::int64_t gone_through) { progress.at(gone_through); });
  }();
  report(context, done, stopwatch.elapsed_ms());
  return ExitCode::done;
}

}  // namespace

void define_compact(CommandLine& line) {
  auto keep = std::make_shared<std::chrono::milliseconds>(k_keep_default);
  line.option("--keep", "DURATION", keep.get(), "what is younger stays (default 90d)");
  line.details(
      R"(Forgets log entries that are safely on the server, failures and conflicts that
were dealt with, and deleted records, where they are older than --keep; then gives
the room back to the disk. Pending edits and open conflicts always stay. Keep longer
than the server's backups are old: what is forgotten cannot be sent again to one that
was restored.)");
  line.exit_status(ExitCode::locked, "another tether is syncing this file; nothing was done");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([keep](Context& context) { return run_compact(context, *keep); });
}

}  // namespace tether::cmd
