// SPDX-License-Identifier: MIT
// What push, pull and sync say about themselves: a line for people and every refusal by name, or one JSON object.
#pragma once

#include <cstdint>

#include "cmd/output.hpp"
#include "cmd/sync_session.hpp"
#include "replica/file.hpp"

namespace tether::cmd {

void report_cycle(Terminal& terminal, replica::File& file, const CycleOptions& options, const CycleReport& report,
                  std::int64_t duration_ms);

/// For a file that another process is syncing.
ExitCode report_skipped(Terminal& terminal, std::int64_t duration_ms);

/// Of a cycle that came to its end: attention for refusals, conflicts and a restored server; unreachable when the
/// server asked to come back later with some of the mutations.
ExitCode exit_code(const CycleReport& report);

}  // namespace tether::cmd
