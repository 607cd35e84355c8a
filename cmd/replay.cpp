// SPDX-License-Identifier: MIT
#include "replica/replay.hpp"

#include <filesystem>
#include <memory>

#include "base/log.hpp"
#include "base/ulid.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/file_progress.hpp"
#include "cmd/json_out.hpp"
#include "cmd/json_stream.hpp"
#include "protocol/payload.hpp"

namespace tether::cmd {

namespace {

struct ReplayOptions {
  std::optional<std::string> until;
  std::optional<std::string> to;
  bool check = false;
};

void check_options(const ReplayOptions& options) {
  if (!options.check || (!options.to && !options.until)) return;
  throw Error(ErrorCode::usage, std::string("--check does not go together with ") + (options.to ? "--to" : "--until"),
              "It compares the whole live state with what it should be.");
}

replica::ReplayUntil parse_until(const std::optional<std::string>& text) {
  replica::ReplayUntil until;
  if (!text) return until;
  if (const auto id = Ulid::parse(*text)) {
    until.mutation = MutationId{id->text()};
    return until;
  }
  try {
    until.time_ms = to_ms(parse_rfc3339(*text));
  } catch (const Error&) {
    throw Error(ErrorCode::usage, "--until: " + printable(*text) + " is neither a mutation id nor a time",
                "A time is written as 2026-11-21T20:49:00Z.");
  }
  return until;
}

std::string record_json(const replica::ReplayedRecord& record) {
  JsonObject json;
  json.text("id", record.key.id.value).text("model", record.key.model.value).raw("payload", record.payload);
  json.boolean("deleted", record.deleted);
  return std::move(json).finish();
}

ExitCode print_replay(Context& context, const replica::ReplayUntil& until) {
  replica::File file = context.open_file_read_only();
  Terminal& terminal = context.terminal();
  FileProgress progress(context, file, "replaying", "nothing was changed");
  std::int64_t count = 0;
  Table table(terminal, {{"MODEL"}, {"ID"}, {"PAYLOAD"}});
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    replica::replay_log(transaction, until, [&](const replica::ReplayedRecord& record) {
      progress.at(++count);
      if (terminal.json()) return terminal.line(record_json(record));
      table.row(
          {printable(record.key.model.value), printable(record.key.id.value),
           record.deleted ? Table::Cell("(deleted)", Colour::dim) : Table::Cell(printable(one_line(record.payload)))});
    });
  });
  table.finish();
  return ExitCode::done;
}

ExitCode write_replay(Context& context, const replica::ReplayUntil& until, const std::string& path) {
  replica::File file = context.open_file_read_only();
  const std::int64_t records = [&] {
    FileProgress progress(context, file, "replaying", "no file was made");
    return replica::replay_to(file, until, path, [&](std::int64_t written) { progress.at(written); });
  }();
  if (context.json()) {
    JsonObject json;
    json.integer("records", records).text("file", path);
    context.terminal().line(std::move(json).finish());
  } else {
    context.terminal().line("wrote " + counted(records, "record") + " to " + path);
  }
  return ExitCode::done;
}

/// A payload as JSON; anything else, such as "deleted" or a payload that someone spoiled, as a text.
std::string state_json(const std::string& state) {
  try {
    protocol::check_object(state);
    return state;
  } catch (const Error&) {
    return json_quoted(state);
  }
}

std::string difference_json(const replica::Difference& difference) {
  JsonObject json;
  json.text("model", difference.key.model.value).text("id", difference.key.id.value);
  json.raw("live", state_json(difference.live)).raw("replayed", state_json(difference.replayed));
  return std::move(json).finish();
}

void print_difference(Terminal& terminal, const replica::Difference& difference) {
  terminal.line(printable(difference.key.model.value) + " " + printable(difference.key.id.value));
  terminal.line("  live      " + printable(difference.live));
  terminal.line("  replayed  " + printable(difference.replayed));
}

/// How many records were compared; `sink` is given each that differs.
std::int64_t compare(Context& context, replica::File& file,
                     const std::function<void(const replica::Difference&)>& sink) {
  FileProgress progress(context, file, "replaying", "nothing was changed");
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    return replica::replay_check(transaction, sink, [&](std::int64_t replayed) { progress.at(replayed); });
  });
}

ExitCode check_replay(Context& context) {
  replica::File file = context.open_file_read_only();
  Terminal& terminal = context.terminal();
  std::optional<JsonStream> json;
  if (terminal.json()) json.emplace(terminal, JsonObject());
  if (json) json->begin_array("differences");
  std::int64_t count = 0;
  const std::int64_t compared = compare(context, file, [&](const replica::Difference& difference) {
    ++count;
    if (!json) return print_difference(terminal, difference);
    json->item(difference_json(difference));
  });
  if (json) {
    json->end_array();
    json->finish(std::move(JsonObject().integer("compared", compared)));
  } else {
    terminal.line("compared " + counted(compared, "record") + ", " + (count == 0 ? "none" : grouped(count)) +
                  " differ" + (count == 1 ? "s" : ""));
  }
  if (count > 0 && !terminal.json()) terminal.message("`tether doctor --fix` computes the local state anew.");
  return count > 0 ? ExitCode::attention : ExitCode::done;
}

}  // namespace

void define_replay(CommandLine& line) {
  auto options = std::make_shared<ReplayOptions>();
  line.option("--until", "ID|TIME", &options->until, "stop behind this mutation, or at this time (RFC 3339)");
  line.option("--to", "FILE", &options->to, "write a new SQLite file with one table `records`");
  line.flag("--check", &options->check, "compare the live state with what it should be, and change nothing");
  line.details(
      R"(Folds this file's mutation log, from nothing and in log order, into the state that
it makes, and prints it: one record per line. What others wrote is not in this log
and does not appear.

--check computes every record from the server state last seen and the edits that
are still open, and reports each that differs from the live one.)");
  line.exit_status(ExitCode::attention, "--check found a difference");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([options](Context& context) {
    check_options(*options);
    if (options->check) return check_replay(context);
    const replica::ReplayUntil until = parse_until(options->until);
    return options->to ? write_replay(context, until, *options->to) : print_replay(context, until);
  });
}

}  // namespace tether::cmd
