// SPDX-License-Identifier: MIT
// The forms of `tether record`, and how each says what it recorded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cmd/command_line.hpp"
#include "cmd/context.hpp"
#include "replica/recorder.hpp"

namespace tether::cmd {

void define_record_create(CommandLine& line);
void define_record_update(CommandLine& line);
void define_record_delete(CommandLine& line);
void define_record_import(CommandLine& line);

struct StreamOptions {
  bool from_input = false;  // --stdin
  bool atomic = false;
  bool ids = false;
  std::int64_t batch = 1'000;
};
ExitCode run_record_stream(Context& context, const StreamOptions& options);

/// `{id, mutation_id, model, operation, version}`; where nothing changed, the mutation and version are null.
std::string recorded_json(const EntityKey& key, protocol::Operation operation,
                          const std::optional<replica::Recorded>& recorded);

/// Counts of a run over many records.
struct RecordCounts {
  std::int64_t recorded = 0;
  std::int64_t unchanged = 0;
};
/// The summary: a result, or with --ids, where the results are the records, a message.
void report_counts(Context& context, const RecordCounts& counts, std::int64_t duration_ms, bool ids);

/// What --ids prints of each record, held back until its transaction is committed.
class RecordedIds {
 public:
  RecordedIds(Terminal& terminal, bool wanted) : terminal_(terminal), wanted_(wanted) {}
  void add(const EntityKey& key, protocol::Operation operation, const std::optional<replica::Recorded>& recorded);
  void committed();

 private:
  Terminal& terminal_;
  bool wanted_;
  std::string lines_;
};

}  // namespace tether::cmd
