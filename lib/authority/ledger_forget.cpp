// SPDX-License-Identifier: MIT
// What `compact` forgets of a scope: tombstones and the ids of mutations, in steps. And which scopes there are.
#include <algorithm>

#include "authority/ledger.hpp"

namespace tether::authority {
namespace {

using sql::Row;
using sql::Statement;

// What is in nobody's way: the value of a column that stays.
constexpr Statement k_lock_head{"UPDATE tether_scopes SET clock_us = clock_us WHERE scope = $1"};
// Gone through, whether they are forgotten or not, in one transaction: some 20 ms.
constexpr std::int64_t k_forget_step = 5'000;
// An id without a sensible timestamp is kept: no horizon could tell it from a new one.
#define TETHER_IS_FORGETTABLE "decided_us < $2 AND timestamp_ms < $3 AND timestamp_ms > 0"
constexpr Statement k_last_tombstone{
    "SELECT max(updated_us) FROM tether_records WHERE scope = $1 AND deleted = 1 AND updated_us < $2"};
constexpr Statement k_last_mutation{
    "SELECT max(timestamp_ms), max(mutation_id) FROM tether_mutations WHERE scope = $1 AND " TETHER_IS_FORGETTABLE};
// The last of the next so many; NULL where there is none.
constexpr Statement k_records_step{
    "SELECT max(updated_us) FROM (SELECT updated_us FROM tether_records "
    "WHERE scope = $1 AND updated_us > $2 AND updated_us < $3 ORDER BY updated_us LIMIT $4) AS step"};
constexpr Statement k_mutations_step{
    "SELECT max(mutation_id) FROM (SELECT mutation_id FROM tether_mutations "
    "WHERE scope = $1 AND mutation_id > $2 AND mutation_id <= $3 ORDER BY mutation_id LIMIT $4) AS step"};
constexpr Statement k_forget_tombstones{
    "DELETE FROM tether_records WHERE scope = $1 AND deleted = 1 AND updated_us > $2 AND updated_us <= $3 "
    "RETURNING updated_us"};
constexpr Statement k_forget_mutations{"DELETE FROM tether_mutations WHERE scope = $1 AND " TETHER_IS_FORGETTABLE
                                       " AND mutation_id > $4 AND mutation_id <= $5 RETURNING timestamp_ms"};
#undef TETHER_IS_FORGETTABLE
constexpr Statement k_forgotten{"SELECT forgotten_ms FROM tether_scopes WHERE scope = $1"};
constexpr Statement k_move_horizons{
    "UPDATE tether_scopes SET horizon_us = CASE WHEN horizon_us < $2 THEN $2 ELSE horizon_us END, "
    "forgotten_ms = CASE WHEN forgotten_ms < $3 THEN $3 ELSE forgotten_ms END WHERE scope = $1"};

}  // namespace

bool Ledger::forgot_nothing_since() {
  if (transaction_.engine() == sql::Engine::sqlite) return true;  // nobody else writes meanwhile
  std::int64_t now_ms = 0;
  transaction_.run(k_forgotten, {scope_.value}, [&](const Row& row) { now_ms = row.integer(0); });
  return now_ms == forgotten_ms_;
}

Ledger::Forgetting Ledger::forgettable(std::int64_t before_us) {
  Forgetting found{.before_us = before_us, .horizons = {}, .last_id = {}, .id = {}};
  transaction_.run(k_last_tombstone, {scope_.value, before_us},
                   [&](const Row& row) { found.horizons.tombstone_us = row.integer(0); });
  transaction_.run(k_last_mutation, {scope_.value, before_us, before_us / 1000}, [&](const Row& row) {
    found.horizons.mutation_ms = row.integer(0);
    found.last_id = row.text(1);
  });
  return found;
}

void Ledger::move_horizons(const Horizons& horizons) {
  transaction_.run(k_move_horizons, {scope_.value, horizons.tombstone_us, horizons.mutation_ms});
}

bool Ledger::forget_some(Forgetting& forgetting) {
  // First: who takes records and ids for what they were waits here, and then finds them as they are.
  transaction_.run(k_lock_head, {scope_.value});
  Horizons horizons;
  if (!forget_tombstones(forgetting, horizons) && !forget_mutations(forgetting, horizons)) return false;
  // Usually they are there already. What another clock dated back was not counted then.
  if (horizons.tombstone_us > 0 || horizons.mutation_ms > 0) move_horizons(horizons);
  return true;
}

bool Ledger::forget_tombstones(Forgetting& forgetting, Horizons& horizons) {
  std::optional<std::int64_t> end;
  transaction_.run(k_records_step, {scope_.value, forgetting.record_us, forgetting.before_us, k_forget_step},
                   [&](const Row& row) { end = sql::optional_integer(row, 0); });
  if (!end) return false;
  forgetting.tombstones += transaction_.run(
      k_forget_tombstones, {scope_.value, forgetting.record_us, *end},
      [&](const Row& row) { horizons.tombstone_us = std::max(horizons.tombstone_us, row.integer(0)); });
  forgetting.record_us = *end;
  return true;
}

bool Ledger::forget_mutations(Forgetting& forgetting, Horizons& horizons) {
  std::string end;
  transaction_.run(k_mutations_step, {scope_.value, forgetting.id, forgetting.last_id, k_forget_step},
                   [&](const Row& row) { end = row.text(0); });
  if (end.empty()) return false;
  forgetting.mutations += transaction_.run(
      k_forget_mutations, {scope_.value, forgetting.before_us, forgetting.before_us / 1000, forgetting.id, end},
      [&](const Row& row) { horizons.mutation_ms = std::max(horizons.mutation_ms, row.integer(0)); });
  forget_overwritten(transaction_, scope_, forgetting.id, end, forgetting.before_us);
  forgetting.id = end;
  return true;
}

std::vector<Scope> scopes(sql::Transaction& transaction) {
  std::vector<Scope> found;
  transaction.run(Statement{"SELECT scope FROM tether_scopes ORDER BY scope"}, {},
                  [&](const Row& row) { found.push_back(Scope{std::string(row.text(0))}); });
  return found;
}

}  // namespace tether::authority
