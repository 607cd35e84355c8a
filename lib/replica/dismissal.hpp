// SPDX-License-Identifier: MIT
// What giving up refused edits means for the record and for what waits behind them. Internal to lib/replica; how
// people ask for it is log.hpp.
#pragma once

#include <span>

#include "replica/log.hpp"

namespace tether::replica {

/// Marks `given_up`, open failed mutations of `key`, as dismissed and computes the record anew. An edit carries the
/// whole record as its writer saw it, and one that waits behind them would bring their values to the server after all:
/// from the first such on, what waits is recorded anew over the record without them, edit by edit. What waits for a
/// record that only they would have made can never apply and is dismissed with them. Throws Error(exists) where a
/// refused edit that stays stands behind one that would have to be recorded anew: the two would change places.
void give_up(File& file, sql::Transaction& transaction, const EntityKey& key, std::span<const MutationId> given_up,
             Dismissal& dismissal);

}  // namespace tether::replica
