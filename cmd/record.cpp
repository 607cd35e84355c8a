// SPDX-License-Identifier: MIT
#include "cmd/record.hpp"

#include <memory>

#include "cmd/commands.hpp"
#include "cmd/json_out.hpp"

namespace tether::cmd {

std::string recorded_json(const EntityKey& key, protocol::Operation operation,
                          const std::optional<replica::Recorded>& recorded) {
  JsonObject object;
  object.text("id", key.id.value);
  object.text_or_null("mutation_id", recorded ? recorded->mutation_id.value : "");
  object.text("model", key.model.value).text("operation", protocol::name(operation));
  if (recorded) {
    object.integer("version", recorded->version);
  } else {
    object.null("version");
  }
  return std::move(object).finish();
}

void report_counts(Context& context, const RecordCounts& counts, std::int64_t duration_ms, bool ids) {
  const auto text = "recorded " + counted(counts.recorded, "mutation") + ", " + grouped(counts.unchanged) +
                    " unchanged, in " + human_duration(std::chrono::milliseconds(duration_ms));
  if (ids) {
    context.terminal().message(text);
  } else if (!context.json()) {
    context.terminal().line(text);
  } else {
    JsonObject object;
    object.integer("recorded", counts.recorded).integer("unchanged", counts.unchanged);
    context.terminal().line(std::move(object.integer("duration_ms", duration_ms)).finish());
  }
}

void RecordedIds::add(const EntityKey& key, protocol::Operation operation,
                      const std::optional<replica::Recorded>& recorded) {
  if (!wanted_) return;
  lines_ += terminal_.json() ? recorded_json(key, operation, recorded) : printable(key.id.value);
  lines_ += '\n';
}

void RecordedIds::committed() {
  if (lines_.empty()) return;
  lines_.pop_back();
  terminal_.line(lines_);
  terminal_.flush();  // who reads them learns of each batch when it is safe, not at the end
  lines_.clear();
}

namespace {

constexpr Command k_sub_commands[] = {
    {"create", "record a new entity", define_record_create},
    {"update", "record new values of some fields", define_record_update},
    {"delete", "record that an entity is gone", define_record_delete},
    {"import", "create or update from a table of values", define_record_import},
};

}  // namespace

void define_record(CommandLine& line) {
  auto options = std::make_shared<StreamOptions>();
  for (const auto& command : k_sub_commands) line.sub_command(command);
  line.flag("--stdin", &options->from_input, "read one record per line from standard input, as JSON");
  line.option("--batch", "N", &options->batch, "with --stdin: lines per transaction (default 1000)");
  line.flag("--atomic", &options->atomic, "with --stdin: all lines or none; begins when all are read");
  line.flag("--ids", &options->ids, "with --stdin: print what was recorded for each line, not only how many");
  line.hint_for_words("--stdin reads a file as in: tether record --stdin < FILE");
  line.details(
      "A line of --stdin is one JSON object, with an id for all but create:\n"
      "  {\"op\": \"create\"|\"update\"|\"delete\", \"model\": …, \"id\": …, \"payload\": {…}}\n"
      "A bad line ends it: the lines before it stay recorded (with --atomic none), and the\n"
      "message names the line.");
  line.details(
      "  tether record create Task title=\"Fix pump\" priority:=2\n"
      "  jq -c '{op: \"create\", model: \"Task\", payload: .}' tasks.ndjson |\n"
      "    tether record --stdin");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([options](Context& context) { return run_record_stream(context, *options); });
}

}  // namespace tether::cmd
