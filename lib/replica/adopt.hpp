// SPDX-License-Identifier: MIT
// A file that the original client wrote, taken over. Its log tells what this device wrote, and nothing of what others
// did: until everything was pulled once, a record may be older than what its own device had already seen. Internal to
// lib/replica, but for must_pull_first.
#pragma once

#include "base/clock.hpp"
#include "sql/database.hpp"

namespace tether::replica {

/// Folds the log into records: what is synced is the server's state, the rest is laid over it; what lost in a conflict
/// waits for a person. The next pull brings everything. Throws Error(corrupt), naming the mutation, when a payload is
/// no JSON object.
void take_over_log(sql::Transaction& transaction, Instant now);

/// Whether the file was adopted and has not been pulled whole since: then nothing is pushed, and an edit says only what
/// it changed.
bool must_pull_first(sql::Transaction& transaction);

/// A pull of everything came to its end.
void note_pulled_whole(sql::Transaction& transaction);

}  // namespace tether::replica
