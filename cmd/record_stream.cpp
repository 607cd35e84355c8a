// SPDX-License-Identifier: MIT
// `tether record --stdin`: one mutation per line, a transaction per batch. A batch ends early when no whole line is
// there for a moment, so that a slow producer never holds the file's write lock; for --atomic all of the input is read
// first.
#include "cmd/input.hpp"
#include "cmd/record.hpp"
#include "protocol/codec.hpp"

namespace tether::cmd {
namespace {

constexpr std::chrono::milliseconds k_pause{100};

using protocol::Operation;

/// Faults that leave the transaction as it was before the line: what came before can be committed.
bool is_about_the_line(ErrorCode code) {
  return code == ErrorCode::invalid_input || code == ErrorCode::not_found || code == ErrorCode::too_large ||
         code == ErrorCode::interrupted;
}

class Stream {
 public:
  Stream(Context& context, const StreamOptions& options)
      : context_(context),
        options_(options),
        file_(context.open_file()),
        input_(context, "-"),
        ids_(context.terminal(), options.ids),
        progress_(context.terminal(), "recording"),
        stopwatch_(context.clock()) {}

  void run() {
    context_.catch_interrupts();
    std::exception_ptr failure;
    try {
      if (options_.atomic) input_.spool();  // the one transaction begins when nothing has to be waited for any more
      while (record_batch()) progress_.at(committed_lines());
    } catch (const Error& fault) {
      failure =
          fault.code() == ErrorCode::interrupted ? std::make_exception_ptr(interruption()) : std::current_exception();
    }
    report_counts(context_, counts_, stopwatch_.elapsed_ms(), options_.ids);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  /// False at the end of the input. A line that cannot be recorded ends the batch before it: what came before is
  /// committed.
  bool record_batch() {
    auto line = input_.next_line();
    if (!line) return false;
    auto transaction = file_.database().begin(sql::Access::write);
    replica::Recorder recorder(file_, *transaction);
    auto counts = counts_;
    std::exception_ptr failure;
    try {
      for (std::int64_t lines = 1; line; ++lines) {
        record_line(recorder, *line, counts);
        if (ends_batch(lines)) break;
        line = input_.next_line();
      }
    } catch (const Error& e) {
      if (options_.atomic || !is_about_the_line(e.code())) throw;
      failure = std::current_exception();
    }
    transaction->commit();
    counts_ = counts;
    ids_.committed();
    if (failure) std::rethrow_exception(failure);
    return line.has_value();
  }

  bool ends_batch(std::int64_t lines) {
    if (options_.atomic) {
      progress_.at(lines);
      return false;
    }
    return lines >= options_.batch || !input_.ready(k_pause);
  }

  void record_line(replica::Recorder& recorder, std::string_view text, RecordCounts& counts) {
    if (text.find_first_not_of(" \t") == std::string_view::npos) return;
    try {
      record(recorder, reader_.read(text), counts);
    } catch (const Error& e) {
      if (!is_about_the_line(e.code())) throw;
      const auto number = input_.line_number();
      throw Error(e.code(), "line " + std::to_string(number) + ": " + e.what(), hint_for(number));
    }
  }

  void record(replica::Recorder& recorder, const protocol::RecordLine& line, RecordCounts& counts) {
    std::optional<replica::Recorded> recorded;
    if (line.operation == Operation::create) {
      recorded = recorder.create(line.model, line.id, line.payload);
    } else {
      if (!line.id)
        throw Error(ErrorCode::invalid_input, "an " + std::string(protocol::name(line.operation)) + " needs an id");
      const EntityKey key{line.model, *line.id};
      recorded = line.operation == Operation::update ? recorder.update(key, line.payload) : recorder.remove(key);
    }
    if (options_.ids) {
      ids_.add(recorded ? recorded->key : EntityKey{line.model, line.id.value_or(EntityId{})},
               recorded ? recorded->operation : line.operation, recorded);
    }
    ++(recorded ? counts.recorded : counts.unchanged);
  }

  std::string hint_for(std::int64_t number) const {
    if (options_.atomic || number == 1) return "Nothing was recorded. Correct the line and run it again.";
    return "The lines before it are recorded. Correct it and go on from there: " + rest_from(number);
  }

  /// What was read as a line was recorded: it is between two lines that an interrupt is noticed.
  Error interruption() const {
    const std::int64_t lines = options_.atomic ? 0 : input_.line_number();
    if (lines == 0) return {ErrorCode::interrupted, "interrupted; nothing was recorded", "Run it again."};
    return {ErrorCode::interrupted, "interrupted; the input is recorded up to line " + std::to_string(lines),
            "Go on from there: " + rest_from(lines + 1)};
  }

  static std::string rest_from(std::int64_t line) { return "tail -n +" + std::to_string(line) + " FILE"; }

  std::int64_t committed_lines() const { return counts_.recorded + counts_.unchanged; }

  Context& context_;
  const StreamOptions& options_;
  replica::File file_;
  Input input_;
  protocol::RecordLineReader reader_;
  RecordedIds ids_;
  Progress progress_;
  Stopwatch stopwatch_;
  RecordCounts counts_;
};

}  // namespace

ExitCode run_record_stream(Context& context, const StreamOptions& options) {
  if (!options.from_input)
    throw Error(ErrorCode::usage, "record: say what to record: create, update, delete, import or --stdin",
                "`tether record --help` shows the forms.");
  Stream(context, options).run();
  return ExitCode::done;
}

}  // namespace tether::cmd
