// SPDX-License-Identifier: MIT
// Log entries for people: a table, or one block per entry with what each field was and became.
#pragma once

#include "cmd/output.hpp"
#include "replica/log.hpp"

namespace tether::cmd {

class LogTable {
 public:
  /// With `entities` the model and id have columns: where the entries are of more than one entity.
  LogTable(Terminal& terminal, bool entities);
  void add(const replica::LogEntry& entry);
  void finish() { table_.finish(); }

 private:
  bool entities_;
  Table table_;
};

void print_diff(Terminal& terminal, const replica::LogEntry& entry);

}  // namespace tether::cmd
