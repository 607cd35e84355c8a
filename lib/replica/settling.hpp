// SPDX-License-Identifier: MIT
// Which failed edits are dealt with by what the server took later of the same record. Internal to lib/replica.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/strong.hpp"
#include "sql/database.hpp"

namespace tether::replica {

/// All that failed of the record before log id `log_id` is settled by that mutation. How many they were.
std::int64_t settle_all_failed_before(sql::Transaction& transaction, const EntityKey& key, std::int64_t log_id,
                                      const MutationId& by, const std::string& at);

/// What failed of the record is settled where the server has taken a later word on each field that it changed. Their
/// log ids.
std::vector<std::int64_t> settle_overtaken(sql::Transaction& transaction, const EntityKey& key, const std::string& at);

/// Whether the server has taken a later edit of the record.
bool was_later_taken(sql::Transaction& transaction, const EntityKey& key, const MutationId& than);

}  // namespace tether::replica
