// SPDX-License-Identifier: MIT
// The mutation log as people ask for it, and what a person may do about its failed entries.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.hpp"
#include "replica/file.hpp"
#include "replica/recorder.hpp"

namespace tether::replica {

struct LogEntry {
  std::int64_t id = 0;  // log order
  protocol::Mutation mutation;
  std::string sync_status;  // pending | syncing | synced | failed | conflict
  std::string synced_at;    // RFC 3339; empty: NULL; so the next two
  std::string rejection_reason;
  std::string rejection_data;
  std::string lost;         // what a merge left out of it (PROTOCOL.md, `lost`); empty: nothing
  std::string overwritten;  // what others took the place of (PROTOCOL.md, `overwritten`): an array; empty: nothing
  std::int64_t retry_count = 0;
  std::string created_at;
  std::string updated_at;
  std::string settled_by;
};

struct LogQuery {
  std::optional<ModelName> model;
  std::optional<EntityId> entity_id;
  std::optional<std::string> status;
  std::optional<std::int64_t> since_ms;  // by timestamp
  std::optional<std::int64_t> limit;     // the newest so many
  bool reverse = false;                  // newest first; otherwise newest last
};

void read_log(sql::Transaction& transaction, const LogQuery& query, const std::function<void(const LogEntry&)>& sink);
std::optional<LogEntry> find_mutation(sql::Transaction& transaction, const MutationId& id);

/// Puts failed mutations back in the queue. One that failed with `error` was never decided: the same id goes back,
/// unless the server has taken a later edit of the record: it would take the older one for that of a copy. Any other
/// was decided, and its id would be answered the same for ever, so what the person sees now is recorded instead, as one
/// new mutation of the entity: with every correction made since, and whole where the server has nothing. All that was
/// open of the entity is settled into it (settled_by), failed or pending: before it, it could only fail again, or show
/// an older state. What waited becomes failed with the reason `superseded`. Nothing is recorded where the server
/// already has what is seen. Returns the ids that will be pushed. Throws Error(not_found) for an id that is not a
/// failed mutation.
std::vector<MutationId> retry_failed(File& file, const std::vector<MutationId>& ids);

/// A mutation that failed and that nobody dealt with yet, without what it says.
struct FailedMutation {
  MutationId id;
  EntityKey key;
  std::string reason;
};

/// In log order, as they are read.
void failed_mutations(sql::Transaction& transaction, const std::function<void(const FailedMutation&)>& sink);

/// One of which nothing can be done, and stays failed: it is to be recorded anew, and its record is larger than a
/// server takes; or to be given up, and an edit waits that would bring its values to the server after all.
struct Refusal {
  FailedMutation mutation;
  Error why;
};

/// All that failed, in short transactions, so that others may record meanwhile. `queued` is given each id that will be
/// pushed, `refused` each that stays failed, once their transaction is committed.
void retry_all_failed(File& file, const std::function<void(const MutationId&)>& queued,
                      const std::function<void(const Refusal&)>& refused);

/// What became of failed mutations that were given up, and of what waited behind them (dismissal.hpp).
struct Dismissal {
  struct Along {
    MutationId id;
    EntityKey key;
    protocol::Operation operation;
  };
  std::int64_t dismissed = 0;
  std::vector<Along> along;  // it could never apply
};

/// Gives failed mutations up: the rows stay, marked 'dismissed', and the local state goes back to the server's, with
/// what is still open laid over it. Throws, and does nothing for any of them, where one cannot be given up:
/// Error(exists) for an edit that waits with its values, Error(not_found) for an id that is not a failed mutation.
Dismissal dismiss_failed(File& file, const std::vector<MutationId>& ids);
/// All of them, in short transactions. `refused` is given each that stays failed, once its transaction is committed,
/// and `progress` is told after each transaction how many were dealt with until then.
Dismissal dismiss_all_failed(File& file, const std::function<void(const Refusal&)>& refused,
                             const std::function<void(std::int64_t)>& progress);

}  // namespace tether::replica
