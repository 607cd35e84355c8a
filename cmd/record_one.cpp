// SPDX-License-Identifier: MIT
// `tether record create | update | delete`: one mutation.
#include <memory>
#include <vector>

#include "cmd/arguments.hpp"
#include "cmd/field_values.hpp"
#include "cmd/json_out.hpp"
#include "cmd/record.hpp"

namespace tether::cmd {
namespace {

struct OneOptions {
  std::string model;
  std::string id;
  std::optional<std::string> new_id;
  std::vector<std::string> fields;
  std::optional<std::string> data;
};

std::string payload_of(Context& context, const OneOptions& options) {
  if (!options.data) return fields_object(options.fields);
  if (!options.fields.empty())
    throw Error(ErrorCode::usage, "--data does not go together with fields", "Give one or the other.");
  return read_data(context, *options.data);
}

/// What was recorded stays recorded, though nobody can be told its id the usual way.
void flush_or_say_that(Terminal& terminal, const std::optional<replica::Recorded>& recorded) {
  try {
    terminal.flush();
  } catch (const Error& fault) {
    if (!recorded) throw;
    throw Error(fault.code(), fault.what(),
                "It is recorded all the same: " + std::string(protocol::name(recorded->operation)) + " of " +
                    recorded->key.model.value + " " + recorded->key.id.value + ".");
  }
}

/// Runs `body(Recorder&)` in one transaction and says what came of it.
template <typename Body>
ExitCode record_one(Context& context, const ModelName& model, const std::string& id, protocol::Operation operation,
                    Body&& body) {
  auto file = context.open_file();
  const std::optional<replica::Recorded> recorded =
      sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
        replica::Recorder recorder(file, transaction);
        return std::optional<replica::Recorded>(body(recorder));
      });
  const EntityKey key = recorded ? recorded->key : EntityKey{model, EntityId{id}};
  auto& terminal = context.terminal();
  if (!recorded) terminal.message("nothing to record: the fields have these values already");
  const auto done = recorded ? recorded->operation : operation;
  terminal.line(context.json() ? recorded_json(key, done, recorded) : printable(key.id.value));
  flush_or_say_that(terminal, recorded);
  return ExitCode::done;
}

ExitCode run_create(Context& context, const OneOptions& options) {
  const auto model = model_argument(options.model);
  std::optional<EntityId> id;
  if (options.new_id) id = id_argument(*options.new_id, "--id");
  const auto payload = payload_of(context, options);
  return record_one(context, model, options.new_id.value_or(""), protocol::Operation::create,
                    [&](replica::Recorder& recorder) { return recorder.create(model, id, payload); });
}

ExitCode run_update(Context& context, const OneOptions& options) {
  const EntityKey key{model_argument(options.model), id_argument(options.id)};
  if (!options.data && options.fields.empty())
    throw Error(ErrorCode::usage, "record update: no field is named", "Name what changes, as in title=\"Fix pump\".");
  const auto payload = payload_of(context, options);
  return record_one(context, key.model, key.id.value, protocol::Operation::update,
                    [&](replica::Recorder& recorder) { return recorder.update(key, payload); });
}

ExitCode run_delete(Context& context, const OneOptions& options) {
  const EntityKey key{model_argument(options.model), id_argument(options.id)};
  return record_one(context, key.model, key.id.value, protocol::Operation::remove,
                    [&](replica::Recorder& recorder) { return recorder.remove(key); });
}

void add_field_options(CommandLine& line, OneOptions& options, std::string_view data_help) {
  line.positional("FIELD=VALUE", &options.fields, "a text; FIELD:=JSON for any other value, kept as it is written");
  line.option("--data", "JSON|@FILE|-", &options.data, data_help);
}

}  // namespace

void define_record_create(CommandLine& line) {
  auto options = std::make_shared<OneOptions>();
  line.positional("MODEL", &options->model, "as in Task");
  add_field_options(line, *options, "all fields as one JSON object, from a file or standard input");
  line.option("--id", "ID", &options->new_id, "the id of the entity; a new ULID when not given");
  line.details("Prints the id. Creating what exists is an update of it.");
  line.details("  tether record create Task title=\"Fix pump\" priority:=2 done:=false");
  line.run([options](Context& context) { return run_create(context, *options); });
}

void define_record_update(CommandLine& line) {
  auto options = std::make_shared<OneOptions>();
  line.positional("MODEL", &options->model, "as in Task");
  line.positional("ID", &options->id, "of the entity");
  add_field_options(line, *options, "the fields that change, as one JSON object, from a file or standard input");
  line.details("Names only the fields that change. Where nothing changes, nothing is recorded.");
  line.details("  tether record update Task 01KAP… done:=true");
  line.run([options](Context& context) { return run_update(context, *options); });
}

void define_record_delete(CommandLine& line) {
  auto options = std::make_shared<OneOptions>();
  line.positional("MODEL", &options->model, "as in Task");
  line.positional("ID", &options->id, "of the entity");
  line.run([options](Context& context) { return run_delete(context, *options); });
}

}  // namespace tether::cmd
