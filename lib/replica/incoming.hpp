// SPDX-License-Identifier: MIT
// What a pull does to the records: snapshots become the base of their records, with the open edits laid over. Internal
// to lib/replica; the session is pull.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.hpp"
#include "protocol/messages.hpp"
#include "sql/database.hpp"

namespace tether::replica {

struct Arrival {
  bool full = false;            // part of a full pull: what the server sends stands, also where its revs begin anew
  std::int64_t generation = 0;  // of the latest full pull
  std::int64_t now_ms = 0;
};

/// Returns how many of them changed something; nullopt when one is older than what this file has seen of its record:
/// then the server was put back, and the transaction has to be rolled back.
std::optional<std::int64_t> apply_snapshots(sql::Transaction& transaction,
                                            std::span<const protocol::Snapshot> snapshots, const Arrival& arrival);

/// At the end of a full pull: what was on the server once (rev > 0) and was not brought is forgotten; where an edit is
/// open only the server's state beneath it is. Nothing that the server has is missing from a full pull: rows
/// acknowledged by a push between two of its pages have newer cursor values and come with a later page, as `skip_own`
/// is not asked.
void forget_not_brought(sql::Transaction& transaction, const Arrival& arrival);

}  // namespace tether::replica
