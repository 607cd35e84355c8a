// SPDX-License-Identifier: MIT
// What a person may do about failed mutations: try again, or give up.
#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>

#include "replica/dismissal.hpp"
#include "replica/log.hpp"
#include "replica/record_row.hpp"
#include "replica/settling.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

// Failed mutations handled in one transaction when all are.
constexpr std::int64_t k_failed_per_step = 500;

constexpr std::string_view k_dismissed = "dismissed";

constexpr sql::Statement k_failed_after{TETHER_FAILED "sync_status <> 'synced' AND id > $1 ORDER BY id LIMIT $2"};
constexpr sql::Statement k_failed_by_id{TETHER_FAILED "mutation_id = $1"};

constexpr sql::Statement k_requeue{
    "UPDATE tether_mutation_logs SET sync_status = 'pending', retry_count = 0, rejection_reason = NULL, "
    "rejection_data = NULL, updated_at = $2 WHERE mutation_id = $1"};

constexpr sql::Statement k_newest_open{
    "SELECT operation, payload FROM tether_mutation_logs WHERE entity_id = $2 AND model = $1 "
    "AND " TETHER_IS_OPEN " ORDER BY id DESC LIMIT 1"};

constexpr sql::Statement k_settle_open{
    "UPDATE tether_mutation_logs SET settled_by = $3, updated_at = $4, "
    "rejection_reason = CASE WHEN sync_status = 'failed' THEN rejection_reason ELSE 'superseded' END, "
    "sync_status = 'failed' WHERE entity_id = $2 AND model = $1 "
    "AND " TETHER_IS_OPEN " AND mutation_id <> $3"};

constexpr sql::Statement k_settle_failed{
    "UPDATE tether_mutation_logs SET settled_by = $3, updated_at = $4 WHERE entity_id = $2 AND model = $1 "
    "AND sync_status = 'failed' AND settled_by IS NULL"};

bool is_decided(const FailedMutation& mutation) {
  return mutation.reason != protocol::reason::k_error;
}

FailedMutation failed_mutation(const sql::Row& row) {
  return {
      {std::string(row.text(1))}, {{std::string(row.text(2))}, {std::string(row.text(3))}}, std::string(row.text(4))};
}

/// nullopt: it is not failed, or settled already.
std::optional<FailedMutation> find_failed(sql::Transaction& transaction, const MutationId& id) {
  std::optional<FailedMutation> found;
  transaction.run(k_failed_by_id, {id.value}, [&](const sql::Row& row) { found = failed_mutation(row); });
  return found;
}

FailedMutation named_failed(sql::Transaction& transaction, const MutationId& id) {
  std::optional<FailedMutation> found = find_failed(transaction, id);
  if (found) return *std::move(found);
  const bool is_there = find_mutation(transaction, id).has_value();
  throw Error(ErrorCode::not_found,
              is_there ? "mutation " + id.value + " is not failed" : "there is no mutation " + id.value,
              "`tether log --status failed` shows those that are.");
}

/// The failed mutations after log id `after`, as many as one step takes; `after` moves behind them.
std::vector<FailedMutation> next_failed(sql::Transaction& transaction, std::int64_t& after) {
  std::vector<FailedMutation> found;
  transaction.run(k_failed_after, {after, k_failed_per_step}, [&](const sql::Row& row) {
    after = row.integer(0);
    found.push_back(failed_mutation(row));
  });
  return found;
}

using FailedByRecord = std::map<EntityKey, std::vector<FailedMutation>>;

/// Record by record; each is computed once, however many of its edits are given up. `refused` is given those of a
/// record of which none can be.
template <class OnRefusal>
Dismissal give_up(File& file, sql::Transaction& transaction, const FailedByRecord& by_record, OnRefusal&& refused) {
  Dismissal dismissal;
  for (const auto& [key, failed] : by_record) {
    std::vector<MutationId> ids;
    for (const FailedMutation& mutation : failed) ids.push_back(mutation.id);
    const std::optional<Error> why_not = give_up(file, transaction, key, ids, dismissal);
    if (!why_not) continue;
    for (const FailedMutation& mutation : failed) refused(Refusal{mutation, *why_not});
  }
  return dismissal;
}

/// What became of the failed mutations of one step of giving all up, for after its commit.
struct GivenUp {
  bool more = true;
  Dismissal dismissal;
  std::vector<Refusal> refused;
};

/// One step of all: what failed of the records that come next, but of those that were refused by an earlier one.
GivenUp give_up_next(File& file, sql::Transaction& transaction, const std::set<EntityKey>& refused_before,
                     std::int64_t& after) {
  FailedByRecord by_record;
  bool more = false;
  for (const FailedMutation& next : next_failed(transaction, after)) {
    more = true;
    if (refused_before.contains(next.key) || by_record.contains(next.key)) continue;
    std::vector<FailedMutation>& failed = by_record[next.key];
    transaction.run(k_failed_of_record, {next.key.model.value, next.key.id.value},
                    [&](const sql::Row& row) { failed.push_back(failed_mutation(row)); });
  }
  GivenUp step{.more = more};
  step.dismissal =
      give_up(file, transaction, by_record, [&](Refusal&& refusal) { step.refused.push_back(std::move(refusal)); });
  return step;
}

/// What the person wants the entity to be: what they see. Where that is nothing although their last word was no delete
/// (someone else deleted it), it is brought back whole: whoever retries an edit wants to see it take effect.
struct Wish {
  bool deleted = false;
  std::string payload;
};

Wish wish(sql::Transaction& transaction, const EntityKey& key) {
  Wish wish;
  transaction.run(k_newest_open, {key.model.value, key.id.value}, [&](const sql::Row& row) {
    wish.deleted = row.text(0) == protocol::name(Operation::remove);
    wish.payload = row.text(1);
  });
  std::optional<RecordRow> seen = read_record(transaction, key);
  if (seen && !seen->deleted) wish.payload = std::move(seen->payload);
  return wish;
}

/// The record as the server has it, as if nothing were open. Whether it is there.
bool lay_bare(sql::Transaction& transaction, const EntityKey& key) {
  std::optional<RecordRow> row = read_record(transaction, key);
  if (!row) return false;
  const rules::LocalState server = server_state(*row);
  store_laid(transaction, *std::move(row), server, {server});
  return server.exists && !server.deleted;
}

/// The record, which was `row` before it was laid bare, with what is still open of it.
void lay_open_over(sql::Transaction& transaction, RecordRow row) {
  const rules::LocalState server = server_state(row);
  store_over(transaction, std::move(row), server);
}

/// One mutation in place of all that is open of the entity. nullopt when the server has what is wanted, as far as is
/// known here: then only what failed is settled, since what is pending may have reached it meanwhile and be undone by
/// what follows it.
std::optional<Recorded> record_anew(File& file, sql::Transaction& transaction, const EntityKey& key) {
  const Wish wanted = wish(transaction, key);
  const std::optional<RecordRow> before = read_record(transaction, key);
  const bool there = lay_bare(transaction, key);
  Recorder recorder(file, transaction);
  std::optional<Recorded> recorded;
  if (!wanted.deleted) {
    recorded = recorder.create(key.model, key.id, wanted.payload);
  } else if (there) {
    recorded = recorder.remove(key);
  }
  const std::string at = rfc3339_ms(file.clock().now());
  if (recorded) {
    transaction.run(k_settle_open, {key.model.value, key.id.value, recorded->mutation_id.value, at});
  } else {
    transaction.run(k_settle_failed, {key.model.value, key.id.value, k_dismissed, at});
    lay_open_over(transaction, before.value_or(RecordRow{.key = key}));
  }
  return recorded;
}

/// The id that will be pushed for it.
std::optional<MutationId> retry(File& file, sql::Transaction& transaction, const FailedMutation& mutation) {
  // Behind a later one the server would take the same id for an old copy's.
  if (!is_decided(mutation) && !was_later_taken(transaction, mutation.key, mutation.id)) {
    const std::string at = rfc3339_ms(file.clock().now());
    transaction.run(k_requeue, {mutation.id.value, at});
    return mutation.id;
  }
  const std::optional<Recorded> recorded = record_anew(file, transaction, mutation.key);
  if (!recorded) return std::nullopt;
  return recorded->mutation_id;
}

/// What became of the failed mutations of one step, for after its commit.
struct Step {
  std::vector<MutationId> queued;
  std::vector<Refusal> refused;
};

/// One that cannot be recorded anew for its size stays as it was; it must not hold up the others.
void retry_unless_too_large(File& file, sql::Transaction& transaction, const FailedMutation& mutation, Step& step) {
  const std::optional<RecordRow> before = read_record(transaction, mutation.key);
  try {
    if (const auto id = retry(file, transaction, mutation)) step.queued.push_back(*id);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::too_large) throw;
    if (before) write_record(transaction, *before);
    step.refused.push_back({mutation, e});
  }
}

/// One step of those that the server decided, or of those that it did not. False behind the last.
bool retry_step(File& file, bool decided, std::int64_t& after, Step& step) {
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    const std::vector<FailedMutation> failed = next_failed(transaction, after);
    for (const FailedMutation& mutation : failed) {
      if (is_decided(mutation) != decided) continue;
      // One before it may have settled it.
      if (find_failed(transaction, mutation.id)) retry_unless_too_large(file, transaction, mutation, step);
    }
    return !failed.empty();
  });
}

// Decided ones first: they may settle undecided ones of their entities.
constexpr std::array k_decided_first{true, false};

}  // namespace

void failed_mutations(sql::Transaction& transaction, const std::function<void(const FailedMutation&)>& sink) {
  constexpr std::int64_t k_all = -1;
  transaction.run(k_failed_after, {std::int64_t{0}, k_all}, [&](const sql::Row& row) { sink(failed_mutation(row)); });
}

std::vector<MutationId> retry_failed(File& file, const std::vector<MutationId>& ids) {
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    for (const MutationId& id : ids) static_cast<void>(named_failed(transaction, id));
    std::vector<MutationId> queued;
    for (const bool decided : k_decided_first) {
      for (const MutationId& id : ids) {
        const std::optional<FailedMutation> failed = find_failed(transaction, id);
        if (!failed || is_decided(*failed) != decided) continue;
        const auto retried = with_context("mutation " + id.value, [&] { return retry(file, transaction, *failed); });
        if (retried) queued.push_back(*retried);
      }
    }
    return queued;
  });
}

void retry_all_failed(File& file, const std::function<void(const MutationId&)>& queued,
                      const std::function<void(const Refusal&)>& refused) {
  for (const bool decided : k_decided_first) {
    std::int64_t after = 0;
    for (bool more = true; more;) {
      Step step;
      more = retry_step(file, decided, after, step);
      for (const MutationId& id : step.queued) queued(id);
      for (const Refusal& refusal : step.refused) refused(refusal);
    }
  }
}

Dismissal dismiss_failed(File& file, const std::vector<MutationId>& ids) {
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    FailedByRecord by_record;
    for (const MutationId& id : std::set(ids.begin(), ids.end())) {
      FailedMutation failed = named_failed(transaction, id);
      by_record[failed.key].push_back(std::move(failed));
    }
    return give_up(file, transaction, by_record, [](const Refusal& refusal) { throw refusal.why; });
  });
}

Dismissal dismiss_all_failed(File& file, const std::function<void(const Refusal&)>& refused,
                             const std::function<void(std::int64_t)>& progress) {
  Dismissal all;
  std::int64_t refusals = 0;
  std::set<EntityKey> refused_records;
  std::int64_t after = 0;
  for (bool more = true; more;) {
    const GivenUp step = sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      return give_up_next(file, transaction, refused_records, after);
    });
    more = step.more;
    all.dismissed += step.dismissal.dismissed;
    std::ranges::copy(step.dismissal.along, std::back_inserter(all.along));
    refusals += std::ssize(step.refused);
    for (const Refusal& refusal : step.refused) refused_records.insert(refusal.mutation.key);
    std::ranges::for_each(step.refused, refused);
    if (more) progress(all.dismissed + refusals);
  }
  return all;
}

}  // namespace tether::replica
