// SPDX-License-Identifier: MIT
#include "replica/settling.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "protocol/messages.hpp"
#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

constexpr sql::Statement k_settle_before{
    "UPDATE tether_mutation_logs SET settled_by = $4, updated_at = $5 WHERE entity_id = $2 AND model = $1 "
    "AND sync_status = 'failed' AND settled_by IS NULL AND id < $3"};

constexpr sql::Statement k_settle{"UPDATE tether_mutation_logs SET settled_by = $2, updated_at = $3 WHERE id = $1"};

// From the first that failed on, newest first: what failed, and what was taken.
constexpr sql::Statement k_failed_or_taken{
    "SELECT id, mutation_id, sync_status = 'failed', operation, coalesce(before, payload) FROM tether_mutation_logs "
    "WHERE entity_id = $2 AND model = $1 AND ((sync_status = 'failed' AND settled_by IS NULL) OR " TETHER_IS_TAKEN
    ") AND id >= (SELECT min(id) FROM tether_mutation_logs WHERE entity_id = $2 AND model = $1 "
    "AND sync_status = 'failed' AND settled_by IS NULL) ORDER BY id DESC"};

constexpr sql::Statement k_later_taken{
    "SELECT 1 FROM tether_mutation_logs WHERE entity_id = $2 AND model = $1 AND " TETHER_IS_TAKEN
    " AND id > (SELECT id FROM tether_mutation_logs WHERE mutation_id = $3) LIMIT 1"};

/// What the server has taken of a record since, going back in the log.
class LaterWords {
 public:
  void add(const std::string_view mutation_id, Operation operation, std::string_view written) {
    if (newest_.empty()) newest_ = mutation_id;
    deleted_ = deleted_ || operation == Operation::remove;
    for (std::string& field : rules::field_names(written)) fields_.insert(std::move(field));
  }

  /// Whether nothing is left of an edit. Whoever edits what they had deleted wants it to be there.
  bool cover(Operation operation, std::string_view written) const {
    if (newest_.empty()) return false;
    if (deleted_ || operation == Operation::remove) return true;
    return std::ranges::all_of(rules::field_names(written),
                               [&](const std::string& field) { return fields_.contains(field); });
  }

  const std::string& newest() const { return newest_; }

 private:
  std::string newest_;
  bool deleted_ = false;
  std::set<std::string> fields_;
};

}  // namespace

std::int64_t settle_all_failed_before(sql::Transaction& transaction, const EntityKey& key, std::int64_t log_id,
                                      const MutationId& by, const std::string& at) {
  return transaction.run(k_settle_before, {key.model.value, key.id.value, log_id, by.value, at});
}

std::vector<std::int64_t> settle_overtaken(sql::Transaction& transaction, const EntityKey& key, const std::string& at) {
  LaterWords later;
  std::vector<std::int64_t> overtaken;
  transaction.run(k_failed_or_taken, {key.model.value, key.id.value}, [&](const sql::Row& row) {
    const Operation operation = protocol::operation_named(row.text(3)).value_or(Operation::update);
    if (row.integer(2) == 0) {
      later.add(row.text(1), operation, row.text(4));
    } else if (later.cover(operation, row.text(4))) {
      overtaken.push_back(row.integer(0));
    }
  });
  for (const std::int64_t id : overtaken) transaction.run(k_settle, {id, later.newest(), at});
  return overtaken;
}

bool was_later_taken(sql::Transaction& transaction, const EntityKey& key, const MutationId& than) {
  bool found = false;
  transaction.run(k_later_taken, {key.model.value, key.id.value, than.value}, [&](const sql::Row&) { found = true; });
  return found;
}

}  // namespace tether::replica
