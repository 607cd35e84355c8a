// SPDX-License-Identifier: MIT
// `tether record import`: a table of values becomes creates and updates. The rows are first staged in a temporary table
// (of this connection, on disk when it grows): nothing is recorded of a file that has a bad line, of rows with the same
// key the last counts, and a second run finds everything unchanged.
#include <memory>

#include "base/hash.hpp"
#include "cmd/arguments.hpp"
#include "cmd/import_source.hpp"
#include "cmd/record.hpp"
#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "replica/records.hpp"

namespace tether::cmd {
namespace {

using protocol::Operation;

struct ImportOptions {
  std::string path;
  std::string model;
  std::optional<std::string> key;
  std::optional<std::string> format;
  std::int64_t batch = 1'000;
  bool ids = false;
};

constexpr std::string_view k_staging =
    "CREATE TEMP TABLE import_rows(seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, "
    "line INTEGER NOT NULL, entity_id TEXT, fields TEXT NOT NULL)";
constexpr std::string_view k_existing =
    "CREATE TEMP TABLE import_existing(key TEXT PRIMARY KEY, entity_id TEXT NOT NULL) "
    "WITHOUT ROWID";
constexpr sql::Statement k_line_of{"SELECT line FROM import_rows WHERE key = $1"};
constexpr sql::Statement k_stage{
    "INSERT INTO import_rows(key, line, entity_id, fields) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT(key) DO UPDATE SET line = excluded.line, entity_id = excluded.entity_id, fields = excluded.fields"};
constexpr sql::Statement k_note_existing{"INSERT INTO import_existing VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr sql::Statement k_staged{
    "SELECT r.seq, r.entity_id, r.fields, e.entity_id, r.line FROM import_rows AS r "
    "LEFT JOIN import_existing AS e ON e.key = r.key WHERE r.seq > $1 ORDER BY r.seq LIMIT $2"};

// Of what stands after an interrupt.
constexpr std::string_view k_nothing = "nothing was recorded";
constexpr std::string_view k_go_on = "what was recorded stays, and the same command goes on behind it";

class Import {
 public:
  Import(Context& context, const ImportOptions& options)
      : context_(context),
        options_(options),
        model_(model_argument(options.model, "--model")),
        file_(context.open_file()),
        ids_(context.terminal(), options.ids),
        stopwatch_(context.clock()) {}

  void run() {
    context_.catch_interrupts();
    const auto rows = read_all();
    warn_of_repeated();
    if (options_.key) sql::in_transaction(file_.database(), sql::Access::read, [&](auto& t) { note_existing(t); });
    apply_all(rows);
    report_counts(context_, counts_, stopwatch_.elapsed_ms(), options_.ids);
  }

 private:
  std::int64_t read_all() {
    try {
      return sql::in_transaction(file_.database(), sql::Access::read,
                                 [&](sql::Transaction& transaction) { return stage(transaction); });
    } catch (const Error& fault) {
      if (fault.code() == ErrorCode::interrupted) context_.stop_if_interrupted(k_nothing);
      throw;
    }
  }

  void warn_of_repeated() {
    if (!first_repeated_key_.empty())
      context_.terminal().warning(counted(repeated_keys_, "row repeats", "rows repeat") + " the " +
                                  options_.key.value_or("id") +
                                  " of an earlier one; the last one counts (first: " + first_repeated_key_ + ")");
    if (!first_repeated_row_.empty())
      context_.terminal().warning(counted(repeated_rows_, "row is", "rows are") +
                                  " the same as an earlier one and counts once (first: " + first_repeated_row_ +
                                  "); an id column or --key tells such rows apart");
  }

  std::int64_t stage(sql::Transaction& transaction) {
    const auto source =
        open_import(context_, options_.path, import_format(options_.path, options_.format), options_.key);
    transaction.run({k_staging}, {});
    transaction.run({k_existing}, {});
    Progress progress(context_.terminal(), "reading");
    std::int64_t rows = 0;
    for (ImportRow row; source->next(row); progress.at(++rows)) stage_row(transaction, row);
    return rows;
  }

  void stage_row(sql::Transaction& transaction, const ImportRow& row) {
    // Without a key or an id, the content of the row is what it is known by. One namespace for both kinds.
    const auto& content = row.key ? *row.key : row.fields;
    const auto key = (row.key ? "k" : "c") + content;
    note_repeated(transaction, row, key);
    transaction.run(k_stage, {key, row.line, entity_id(row, content), row.fields});
  }

  std::string entity_id(const ImportRow& row, const std::string& content) const {
    if (row.key && !options_.key) {
      return with_context("line " + std::to_string(row.line),
                          [&] { return protocol::parse_entity_id(*row.key, "id").value; });
    }
    const std::string separator(1, '\0');
    return ulid_from_content(model_.value + separator + options_.key.value_or("") + separator + content);
  }

  void note_repeated(sql::Transaction& transaction, const ImportRow& row, const std::string& key) {
    std::int64_t earlier = 0;
    transaction.run(k_line_of, {key}, [&](const sql::Row& found) { earlier = found.integer(0); });
    if (earlier == 0) return;
    const auto lines = "lines " + std::to_string(earlier) + " and " + std::to_string(row.line);
    if (!row.key) {
      if (repeated_rows_++ == 0) first_repeated_row_ = lines;
    } else if (repeated_keys_++ == 0) {
      first_repeated_key_ = "'" + printable(shortened(*row.key, 40)) + "' in " + lines;
    }
  }

  /// Which of the existing records has which key: one scan of the model. Of several with one key the oldest id counts.
  void note_existing(sql::Transaction& transaction) {
    replica::list(
        transaction, {.model = model_, .where = {}, .include_deleted = false}, [&](const replica::RecordView& r) {
          const auto value = protocol::find_member(r.payload, *options_.key);
          if (value.empty()) return;
          const bool is_text = value.front() == '"';
          const auto key = is_text ? protocol::unescaped(value.substr(1, value.size() - 2)) : std::string(value);
          transaction.run(k_note_existing, {"k" + key, r.key.id.value});
        });
  }

  struct Staged {
    std::int64_t seq = 0;
    std::string id;
    std::string fields;
    std::string existing_id;
    std::int64_t line = 0;
  };

  void apply_all(std::int64_t rows) {
    Progress progress(context_.terminal(), "recording", rows);
    for (std::int64_t last = 0, done = 0;;) {
      context_.stop_if_interrupted(last == 0 ? k_nothing : k_go_on);
      const auto applied = apply_batch(last);
      if (applied == 0) return;
      progress.at(done += applied);
    }
  }

  std::int64_t apply_batch(std::int64_t& last) {
    const auto applied = sql::in_transaction(file_.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      std::vector<Staged> batch;
      transaction.run(k_staged, {last, options_.batch}, [&](const sql::Row& row) {
        batch.push_back({row.integer(0), std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)),
                         row.integer(4)});
      });
      replica::Recorder recorder(file_, transaction);
      for (const auto& staged : batch) {
        with_context("line " + std::to_string(staged.line), [&] { apply(recorder, staged); });
        last = staged.seq;
      }
      return static_cast<std::int64_t>(batch.size());
    });
    ids_.committed();
    return applied;
  }

  void apply(replica::Recorder& recorder, const Staged& staged) {
    const bool exists = !staged.existing_id.empty();
    const EntityKey key{model_, EntityId{exists ? staged.existing_id : staged.id}};
    const auto recorded = exists ? recorder.update(key, staged.fields) : recorder.create(model_, key.id, staged.fields);
    ids_.add(key, recorded ? recorded->operation : Operation::update, recorded);
    ++(recorded ? counts_.recorded : counts_.unchanged);
  }

  Context& context_;
  const ImportOptions& options_;
  ModelName model_;
  replica::File file_;
  RecordedIds ids_;
  Stopwatch stopwatch_;
  RecordCounts counts_;
  std::int64_t repeated_keys_ = 0;
  std::int64_t repeated_rows_ = 0;
  std::string first_repeated_key_;
  std::string first_repeated_row_;
};

}  // namespace

void define_record_import(CommandLine& line) {
  auto options = std::make_shared<ImportOptions>();
  line.positional("FILE", &options->path, "a .csv whose first row names the columns, or .ndjson; - for standard input");
  line.option("--model", "MODEL", &options->model, "what the rows are, as in Product (required)");
  line.option("--key", "COLUMN", &options->key,
              "the column that tells rows apart: a record with the same value is updated");
  line.option("--format", "csv|ndjson", &options->format, "what the file holds, where its name does not say");
  line.option("--batch", "N", &options->batch, "rows per transaction (default 1000)");
  line.flag("--ids", &options->ids, "print what was recorded for each row, not only how many");
  line.details(
      R"(Without --key a column `id` is the entity's id; without that, too, a row is known
by its content. Only what changes is recorded: a second run of the same file
records nothing, and two laptops that import the same table make the same entities.
Cells of a CSV are texts. Nothing is recorded of a file with a bad line. Records
that the file does not name stay.)");
  line.details("  tether record import products.csv --model Product --key sku");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([options](Context& context) {
    if (options->model.empty())
      throw Error(ErrorCode::usage, "record import: --model is missing",
                  "Say what the rows are, as in --model Product.");
    Import(context, *options).run();
    return ExitCode::done;
  });
}

}  // namespace tether::cmd
