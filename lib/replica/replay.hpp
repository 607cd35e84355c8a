// SPDX-License-Identifier: MIT
// The same log and the same server state give the same local state, and replay proves it: it computes every record anew
// by the fold of rules/local_state.hpp. Rows are folded as they are read, entity by entity: memory does not grow with
// the log.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/strong.hpp"
#include "replica/file.hpp"

namespace tether::replica {

struct ReplayedRecord {
  EntityKey key;
  std::string payload;
  bool deleted = false;
};

struct ReplayUntil {
  std::optional<MutationId> mutation;  // up to and with this one
  std::optional<std::int64_t> time_ms;
};

/// Folds the log alone, from nothing, in log order; hands out every entity once, in the order of model and id. What
/// others wrote is not in this log and does not appear, save for what an update carried along in its payload. Mutations
/// that did not stand are left out: those that lost a conflict, and failed ones that a person settled. Throws
/// Error(not_found) for an unknown mutation.
void replay_log(sql::Transaction& transaction, const ReplayUntil& until,
                const std::function<void(const ReplayedRecord&)>& sink);

/// Like replay_log, into a new file of plain tables: `records(model, entity_id, payload, deleted)`. Throws
/// Error(exists). Returns the number of records written; `progress` is told it meanwhile.
std::int64_t replay_to(
    File& file, const ReplayUntil& until, const std::string& path,
    const std::function<void(std::int64_t)>& progress = [](std::int64_t) {});

struct Difference {
  EntityKey key;
  std::string live;      // payload as it is; "deleted", "absent"
  std::string replayed;  // payload as it should be
};

/// Computes every record from its base (the server's state last seen) and its open mutations and reports each that
/// differs from the live one. Returns the number of records compared; `progress` is told how many open mutations were
/// replayed.
std::int64_t replay_check(
    sql::Transaction& transaction, const std::function<void(const Difference&)>& sink,
    const std::function<void(std::int64_t)>& progress = [](std::int64_t) {});

}  // namespace tether::replica
