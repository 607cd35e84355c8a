// SPDX-License-Identifier: MIT
// What giving up refused edits means for the record and for what waits behind them. Internal to lib/replica; how
// people ask for it is log.hpp.
#pragma once

#include <optional>
#include <span>

#include "replica/log.hpp"

namespace tether::replica {

/// Nothing of the payloads: of what failed there may be very much.
#define TETHER_FAILED                                                                           \
  "SELECT id, mutation_id, model, entity_id, rejection_reason FROM tether_mutation_logs WHERE " \
  "sync_status = 'failed' AND settled_by IS NULL AND "

/// Without `sync_status <> 'synced'`: SQLite would take the index of all that is open, and go through all that failed.
inline constexpr sql::Statement k_failed_of_record{TETHER_FAILED "entity_id = $2 AND model = $1 ORDER BY id"};

/// Marks `given_up`, open failed mutations of `key`, as dismissed and computes the record without them. What waits for
/// a record that only they would have made can never apply and is dismissed with them. An edit carries the whole record
/// as its writer saw it: where one that waits would bring what is given up to the server after all, nothing is done and
/// the Error(exists) returned that says so. It may be there already, and to record it anew would give it a base that
/// its writer had not seen.
[[nodiscard]] std::optional<Error> give_up(File& file, sql::Transaction& transaction, const EntityKey& key,
                                           std::span<const MutationId> given_up, Dismissal& dismissal);

}  // namespace tether::replica
