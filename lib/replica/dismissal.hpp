// SPDX-License-Identifier: MIT
// What giving up refused edits means for the record and for what waits behind them. Internal to lib/replica; how
// people ask for it is log.hpp.
#pragma once

#include <optional>
#include <span>

#include "replica/log.hpp"

namespace tether::replica {

/// Marks `given_up`, open failed mutations of `key`, as dismissed and computes the record without them. What waits for
/// a record that only they would have made can never apply and is dismissed with them. An edit carries the whole record
/// as its writer saw it: where one that waits would bring what is given up to the server after all, nothing is done and
/// the Error(exists) returned that says so. It may be there already, and to record it anew would give it a base that
/// its writer had not seen.
[[nodiscard]] std::optional<Error> give_up(File& file, sql::Transaction& transaction, const EntityKey& key,
                                           std::span<const MutationId> given_up, Dismissal& dismissal);

}  // namespace tether::replica
