// SPDX-License-Identifier: MIT
// `tether conflicts resolve`: one conflict, or all of them for one side.
#include <algorithm>
#include <memory>

#include "cmd/conflict_edit.hpp"
#include "cmd/conflicts.hpp"
#include "cmd/context.hpp"
#include "cmd/field_values.hpp"
#include "cmd/json_out.hpp"
#include "replica/records.hpp"
#include "rules/fields.hpp"

namespace tether::cmd {

namespace {

using replica::Resolution;

struct ResolveOptions {
  std::optional<std::string> id;
  bool all = false;
  bool mine = false;
  bool theirs = false;
  bool edit = false;
  std::vector<std::string> set;
  std::vector<std::string> more;  // fields that follow a --set
  std::optional<std::string> data;
};

/// Only what is reported: the states of a thousand conflicts may be large.
struct Chosen {
  MutationId conflict;
  EntityKey key;
  std::optional<replica::Recorded> recorded;  // once resolved
};

[[noreturn]] void refuse(const std::string& message, const std::string& hint) {
  throw Error(ErrorCode::usage, "conflicts resolve: " + message, hint);
}

void check(const ResolveOptions& options) {
  const std::string choices = "Choose one of --mine, --theirs, --set FIELD=VALUE, --data JSON and --edit.";
  const int chosen = options.mine + options.theirs + options.edit + !options.set.empty() + options.data.has_value();
  if (chosen == 0) refuse("what should stand?", choices);
  if (chosen > 1) refuse("more than one choice of what should stand", choices);
  if (!options.more.empty() && options.set.empty()) {
    refuse("unexpected argument '" + printable(options.more.front()) + "'",
           "Conflicts are resolved one by one, or with --all.");
  }
  if (options.all == options.id.has_value()) {
    refuse(options.all ? "--all and an id do not go together" : "which conflict?",
           "Give its id, as `tether conflicts` lists it, or --all.");
  }
  if (options.all && !options.mine && !options.theirs) {
    refuse("--all goes with --mine or --theirs", "Conflicts that need new values are resolved one by one.");
  }
}

Resolution resolution_of(Context& context, const ResolveOptions& options) {
  if (options.mine) return {Resolution::Kind::mine, "{}"};
  if (options.theirs) return {Resolution::Kind::theirs, "{}"};
  if (options.data) return {Resolution::Kind::data, read_data(context, *options.data)};
  std::vector<std::string> words = options.set;
  words.insert(words.end(), options.more.begin(), options.more.end());
  return {Resolution::Kind::set, fields_object(words)};
}

std::vector<Chosen> chosen_conflicts(replica::File& file, const ResolveOptions& options) {
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    std::vector<Chosen> all;
    const auto choose = [&](const replica::ConflictView& conflict) {
      all.push_back({conflict.mutation_id, conflict.key, std::nullopt});
    };
    if (options.id) {
      choose(conflict_named(transaction, *options.id, /*include_resolved=*/false));
    } else {
      replica::list_conflicts(transaction, /*include_resolved=*/false, choose);
    }
    return all;
  });
}

std::string resolved_json(const Chosen& resolved, Resolution::Kind kind) {
  JsonObject json;
  json.text("mutation_id", resolved.conflict.value)
      .text("model", resolved.key.model.value)
      .text("id", resolved.key.id.value)
      .text("resolution", name(kind))
      .text_or_null("recorded", resolved.recorded ? resolved.recorded->mutation_id.value : "");
  return std::move(json).finish();
}

void print_resolved(Terminal& terminal, const Chosen& resolved, Resolution::Kind kind) {
  std::string text = "resolved " + printable(resolved.conflict.value) + " (" + printable(resolved.key.model.value) +
                     " " + printable(resolved.key.id.value) + "): " + std::string(name(kind));
  if (resolved.recorded) text += ", as mutation " + resolved.recorded->mutation_id.value;
  terminal.line(text);
}

void report(Terminal& terminal, const std::vector<Chosen>& all, Resolution::Kind kind) {
  std::size_t recorded = 0;
  std::vector<std::string> rows;
  for (const Chosen& resolved : all) {
    recorded += resolved.recorded ? 1 : 0;
    if (terminal.json()) {
      rows.push_back(resolved_json(resolved, kind));
    } else {
      print_resolved(terminal, resolved, kind);
    }
  }
  if (terminal.json()) {
    JsonObject json;
    json.integer("resolved", static_cast<std::int64_t>(all.size())).raw("resolutions", json_array(rows));
    return terminal.line(std::move(json).finish());
  }
  if (all.empty()) terminal.message("no open conflicts");
  if (recorded > 0) terminal.message("`tether push` sends what was recorded.");
}

void resolve(Context& context, replica::File& file, std::vector<Chosen>& conflicts, const Resolution& resolution) {
  Progress progress(context.terminal(), "resolving", static_cast<std::int64_t>(conflicts.size()));
  std::int64_t done = 0;
  for (Chosen& chosen : conflicts) {
    context.stop_if_interrupted();
    chosen.recorded = replica::resolve_conflict(file, chosen.conflict, resolution);
    progress.at(++done);
  }
}

Disputed disputed(replica::File& file, const std::string& id) {
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    Disputed disputed{.conflict = conflict_named(transaction, id, /*include_resolved=*/false)};
    const auto record = replica::find(transaction, disputed.conflict.key);
    if (record && !record->deleted) disputed.now = record->payload;
    return disputed;
  });
}

bool is_open(replica::File& file, const MutationId& conflict) {
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    const auto found = replica::find_conflict(transaction, conflict.value);
    return found && found->resolved_at.empty();
  });
}

/// Nothing is locked while the person writes: what is recorded meanwhile stays.
ExitCode run_edit(Context& context, const ResolveOptions& options) {
  replica::File file = context.open_file();
  const Disputed subject = disputed(file, *options.id);
  std::vector<Chosen> chosen{{subject.conflict.mutation_id, subject.conflict.key, std::nullopt}};
  Resolution::Kind kind = Resolution::Kind::theirs;
  const auto settle = [&](const Resolution& resolution) {
    kind = resolution.kind;
    resolve(context, file, chosen, resolution);
  };
  resolve_in_editor(context, file.path(), subject, settle, [&] { return is_open(file, subject.conflict.mutation_id); });
  report(context.terminal(), chosen, kind);
  return ExitCode::done;
}

/// What a choice of fields leaves out of mine, as a message; empty where nothing.
std::string what_is_left_out(const Disputed& disputed, const Resolution& resolution) {
  const replica::ConflictView& conflict = disputed.conflict;
  if (!disputed.now && resolution.kind == Resolution::Kind::set && conflict.operation != protocol::Operation::remove) {
    return "it was deleted: made again with these fields over yours";
  }
  const std::string now = disputed.now.value_or("{}");
  const std::string mine =
      rules::changes(now, disputed.now ? rules::changes(conflict.base, conflict.mine) : conflict.mine);
  const std::vector<std::string> chosen = rules::field_names(resolution.fields);
  std::string fields;
  for (const std::string& field : rules::field_names(mine)) {
    if (std::ranges::find(chosen, field) != chosen.end()) continue;
    fields += (fields.empty() ? "" : ", ") + printable(field);
  }
  return fields.empty() ? "" : "yours in " + fields + " not taken (--edit merges them)";
}

ExitCode run_set(Context& context, const ResolveOptions& options) {
  const Resolution resolution = resolution_of(context, options);
  replica::File file = context.open_file();
  const Disputed subject = disputed(file, *options.id);
  std::vector<Chosen> chosen{{subject.conflict.mutation_id, subject.conflict.key, std::nullopt}};
  resolve(context, file, chosen, resolution);
  const std::string left_out = what_is_left_out(subject, resolution);
  if (!left_out.empty()) context.terminal().message(left_out);
  report(context.terminal(), chosen, resolution.kind);
  return ExitCode::done;
}

ExitCode run_resolve(Context& context, const ResolveOptions& options) {
  check(options);
  if (!options.set.empty() || options.data) return run_set(context, options);
  if (options.edit) return run_edit(context, options);
  const Resolution resolution = resolution_of(context, options);
  replica::File file = context.open_file();
  std::vector<Chosen> conflicts = chosen_conflicts(file, options);
  context.catch_interrupts();
  resolve(context, file, conflicts, resolution);
  report(context.terminal(), conflicts, resolution.kind);
  return ExitCode::done;
}

}  // namespace

void define_resolve_conflict(CommandLine& line) {
  auto options = std::make_shared<ResolveOptions>();
  line.positional("ID", &options->id, "the conflict's mutation id, its record's id, or a beginning of either");
  line.positional("FIELD=VALUE", &options->more, "further fields behind --set");
  line.flag("--mine", &options->mine, "what was changed here should stand: it is recorded again over theirs");
  line.flag("--theirs", &options->theirs, "what stands on the server should stand: nothing is recorded");
  line.option("--set", "FIELD=VALUE", &options->set,
              "theirs with these fields changed (FIELD:=JSON for other than text)");
  line.option("--data", "JSON", &options->data,
              "theirs with the fields of this object; @FILE reads it from a file, - from standard input");
  line.flag("--edit", &options->edit, "write what should stand in $VISUAL or $EDITOR");
  line.flag("--all", &options->all, "every open conflict; with --mine or --theirs");
  line.details(
      R"(Records the choice as a new mutation over the present state, so that it is settled
once and travels to everyone like any other edit; with --theirs, or where the
record already is as chosen, nothing needs to be recorded.

  tether conflicts resolve 01KAM4 --set title="Pump 7" done:=true)");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([options](Context& context) { return run_resolve(context, *options); });
}

}  // namespace tether::cmd
