// SPDX-License-Identifier: MIT
// What others took the place of after the server had acknowledged it, as pulls told: kept beside the log, which may
// have forgotten the mutation that it is of.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "protocol/messages.hpp"
#include "replica/log.hpp"
#include "sql/database.hpp"

namespace tether::replica {

/// Keeps each, under the names of this file, in the transaction of the page that tells it. Returns those that were not
/// known.
std::vector<protocol::OverwriteReport> keep_overwritten(sql::Transaction& transaction,
                                                        std::span<const protocol::OverwriteReport> told, Instant now);

/// Of the mutations that the log has forgotten what is still known, since something of them was overwritten: one entry
/// each, without an id, the payload only what lost; the oldest first, or last. `query.limit` is not looked at.
void read_forgotten(sql::Transaction& transaction, const LogQuery& query,
                    const std::function<void(const LogEntry&)>& sink);

}  // namespace tether::replica
