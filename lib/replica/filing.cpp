// SPDX-License-Identifier: MIT
#include "replica/filing.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "replica/settling.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

using protocol::Mutation;
using protocol::Operation;
using Kind = Outcome::Kind;

// From so many open edits of an entity on, they are folded ahead; and of so many entities at a time.
constexpr std::int64_t k_many_open_edits = 500;
constexpr std::size_t k_ahead_max = 16;

// Grows with every commit of another connection.
constexpr sql::Statement k_data_version{"SELECT data_version FROM pragma_data_version"};

constexpr sql::Statement k_failed_entities{
    "SELECT model, entity_id FROM tether_mutation_logs "
    "WHERE sync_status = 'failed' AND sync_status <> 'synced' AND settled_by IS NULL"};

// With what it lost, if anything. What it lost before the server was restored is kept where that one says nothing of
// it.
constexpr sql::Statement k_synced{
    "UPDATE tether_mutation_logs SET sync_status = 'synced', synced_at = $2, updated_at = $2, "
    "rejection_reason = NULL, rejection_data = coalesce($3, "
    "CASE WHEN synced_at IS NOT NULL AND rejection_reason IS NULL THEN rejection_data END) WHERE id = $1"};

// What fails is acknowledged no more, whatever it was before the server was restored.
constexpr sql::Statement k_not_synced{
    "UPDATE tether_mutation_logs SET sync_status = $2, synced_at = CASE WHEN $2 = 'pending' THEN synced_at END, "
    "rejection_reason = $3, rejection_data = $4, retry_count = $5, "
    "updated_at = $6 WHERE id = $1 AND settled_by IS NULL"};

// What a person settled while it was on the wire is not sent again, and why it failed concerns nobody any more.
constexpr sql::Statement k_settled_meanwhile{
    "UPDATE tether_mutation_logs SET sync_status = 'failed', synced_at = NULL, updated_at = $2 WHERE id = $1"};

// The server now has exactly what was sent ($5, $6). Where newer edits are open, payload shows it with them laid over
// already, unless the state beneath moved since they were written (rebased_log_id).
constexpr sql::Statement k_take_as_sent{
    "UPDATE tether_records SET rev = coalesce($4, rev), "
    "payload = CASE WHEN open_log_id > $3 THEN payload ELSE $5 END, "
    "deleted = CASE WHEN open_log_id > $3 THEN deleted ELSE $6 END, "
    "base = CASE WHEN open_log_id > $3 THEN $5 END, "
    "base_deleted = CASE WHEN open_log_id > $3 THEN $6 ELSE 0 END, "
    "open_log_id = CASE WHEN open_log_id > $3 THEN open_log_id END "
    "WHERE model = $1 AND entity_id = $2 AND open_log_id >= $3 AND rebased_log_id < $3"};

constexpr sql::Statement k_add_conflict{
    "INSERT INTO tether_conflicts(mutation_id, model, entity_id, operation, base, mine, theirs, theirs_deleted, "
    "theirs_rev, detected_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
    "ON CONFLICT(mutation_id) DO UPDATE SET theirs = excluded.theirs, theirs_deleted = excluded.theirs_deleted, "
    "theirs_rev = excluded.theirs_rev, detected_at = excluded.detected_at, resolved_at = NULL, resolution = NULL"};

std::string without_tether_id(std::string_view object) {
  protocol::ObjectWriter writer;
  for (const protocol::Member& member : protocol::members(object)) {
    if (!protocol::same_key(member.key, "tether_id")) writer.member(member.key, member.value);
  }
  return std::move(writer).finish();
}

/// What the writer of a losing mutation had seen, as well as it is known here. In `before` a field that was not there
/// stands as null; where the server's state last seen does not have it either, it was not there.
std::string seen_by_writer(const Mutation& mutation, const rules::LocalState& server) {
  if (mutation.before) {
    std::string seen = rules::as_before(mutation.payload, *mutation.before);
    for (const protocol::Member& member : protocol::members(*mutation.before)) {
      const std::string field = protocol::unescaped(member.key);
      const bool was_absent = member.value == "null" && protocol::find_member(server.payload, field).empty();
      if (was_absent) seen = protocol::without_member(seen, field);
    }
    return seen;
  }
  return mutation.operation == Operation::create || !server.exists ? "{}" : server.payload;
}

bool took_effect(const Outcome& outcome) {
  return outcome.kind == Kind::applied || outcome.kind == Kind::merged;
}

/// Of a duplicate whose rev is not known it is not known either.
bool stored_as_sent(const Outcome& outcome) {
  return outcome.kind == Kind::applied && !(outcome.rev && outcome.rev->value == 0);
}

/// A pull that brought this row after the mutation was written may have brought its effect, or something newer.
bool already_pulled(const RecordRow& row, std::int64_t log_id, const std::optional<Rev>& rev) {
  return row.rebased_log_id >= log_id && rev && *rev <= row.rev;
}

}  // namespace

Filing::Filing(sql::Transaction& transaction) : mappings_(transaction) {
  transaction.run(k_failed_entities, {},
                  [&](const sql::Row& row) { unsettled_.insert(entity_hash(row.text(0), row.text(1))); });
}

void Filing::file(sql::Transaction& transaction, Instant now, const Batch& batch, const std::vector<Outcome>& outcomes,
                  PushReport& report) {
  now_ = rfc3339_ms(now);
  now_ms_ = to_ms(now);
  forget_if_others_wrote(transaction);
  std::vector<Sent> all;
  all.reserve(outcomes.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    all.push_back({.mutation = &batch.mutation(i), .place = &batch.places[i], .outcome = &outcomes[i]});
    file_in_log(transaction, all.back(), report);
  }
  const auto entity = [](const Sent& sent) { return std::tie(sent.mutation->model, sent.mutation->entity_id); };
  std::ranges::stable_sort(all, std::less<>{}, entity);
  for (auto first = all.begin(); first != all.end();) {
    const auto last = std::find_if(first, all.end(), [&](const Sent& sent) { return entity(sent) != entity(*first); });
    file_in_record(transaction, {first, last});
    first = last;
  }
}

void Filing::file_in_log(sql::Transaction& transaction, Sent& sent, PushReport& report) {
  switch (sent.outcome->kind) {
    case Kind::applied:
    case Kind::merged:
    case Kind::known_before:
      acknowledge(transaction, sent, report);
      return;
    case Kind::conflict:
      file_conflict(transaction, sent, report);
      return;
    case Kind::rejected:
      refuse(transaction, sent, report);
      return;
    case Kind::unanswered:
      break;
  }
  TETHER_ASSERT(false);
}

void Filing::acknowledge(sql::Transaction& transaction, const Sent& sent, PushReport& report) {
  ++report.pushed;
  if (sent.outcome->loss == nullptr) {
    transaction.run(k_synced, {sent.place->log_id, now_, sql::Value()});
    return;
  }
  protocol::LossReport loss =
      named_here(*sent.outcome->loss, mappings_.of(sent.mutation->model.value, sent.place->log_id));
  transaction.run(k_synced, {sent.place->log_id, now_, protocol::encode_loss_data(loss)});
  ++report.merged;
  if (losses_.takes(loss.sent.size() + loss.stands.size() + bytes_of(loss.fields))) {
    report.losses.push_back(std::move(loss));
  }
}

void Filing::file_conflict(sql::Transaction& transaction, Sent& sent, PushReport& report) {
  protocol::ConflictReport found = named_here(*sent.outcome->report, mappings_.in_force(sent.mutation->model.value));
  const std::string data = protocol::encode_conflict_data(found);
  if (!file_refusal(transaction, sent, {"conflict", "conflict", data, sent.place->retry_count})) return;
  ++report.conflicts;
  if (!conflicts_.takes(bytes_of(found.fields))) return;
  found.server_state = "{}";
  report.conflicts_found.push_back(std::move(found));
}

/// False when a person settled it meanwhile: what they recorded instead will be decided for itself.
bool Filing::file_refusal(sql::Transaction& transaction, Sent& sent, const Refusal& refusal) {
  const std::int64_t id = sent.place->log_id;
  sent.settled =
      transaction.run(k_not_synced, {id, refusal.status, refusal.reason, refusal.data, refusal.attempts, now_}) == 0;
  if (sent.settled) transaction.run(k_settled_meanwhile, {id, now_});
  return !sent.settled;
}

void Filing::refuse(sql::Transaction& transaction, Sent& sent, PushReport& report) {
  protocol::Rejection rejection =
      named_here(*sent.outcome->rejection, mappings_.of(sent.mutation->model.value, sent.place->log_id));
  const bool undecided = rejection.reason == protocol::reason::k_error;
  const std::int64_t attempts = sent.place->retry_count + (undecided ? 1 : 0);
  const bool again = undecided && attempts < k_error_attempts_max;
  if (!file_refusal(transaction, sent, {again ? "pending" : "failed", rejection.reason, rejection.data, attempts})) {
    return;
  }
  unsettled_.insert(entity_hash(*sent.mutation));
  if (again) {
    ++report.skipped;
    return;
  }
  const Mutation& mutation = *sent.mutation;
  if (sent.place->retry_count > 0) {  // then something newer may have been taken before it
    const auto overtaken = settle_overtaken(transaction, {mutation.model, mutation.entity_id}, now_);
    sent.overtaken = std::ranges::find(overtaken, sent.place->log_id) != overtaken.end();
  }
  if (sent.overtaken) ahead_.erase({mutation.model, mutation.entity_id});  // it is folded in it
  ++report.failed;
  if (rejections_.takes(rejection.reason.size() + rejection.data.size())) {
    report.rejections.push_back(std::move(rejection));
  }
}

void Filing::file_in_record(sql::Transaction& transaction, std::span<const Sent> of_one_entity) {
  // What is refused stays open, and is laid over already, unless it was acknowledged before.
  const auto changes_nothing = [](const Sent& sent) {
    const Kind kind = sent.outcome->kind;
    return kind == Kind::known_before ||
           (kind == Kind::rejected && !sent.place->acknowledged_before && !sent.overtaken);
  };
  if (std::ranges::all_of(of_one_entity, changes_nothing)) return;
  settle_older_failed(transaction, of_one_entity);
  if (!take_as_sent(transaction, of_one_entity)) compute_anew(transaction, of_one_entity);
}

/// What was refused before the server took these. Where it stored one exactly as it was sent, it has what was refused
/// as well, or the person's correction of it: an edit carries the whole record as its writer saw it. Where it stored
/// something else, only what the edit changed is known to be there, and the rest of what was refused still fails.
void Filing::settle_older_failed(sql::Transaction& transaction, std::span<const Sent> of_one_entity) {
  const Mutation& any = *of_one_entity.front().mutation;
  const EntityKey key{any.model, any.entity_id};
  if (!unsettled_.contains(entity_hash(any))) return;
  const auto is_as_sent = [](const Sent& sent) { return stored_as_sent(*sent.outcome); };
  const auto has_effect = [](const Sent& sent) { return took_effect(*sent.outcome); };
  std::int64_t settled = 0;
  const auto last = std::find_if(of_one_entity.rbegin(), of_one_entity.rend(), is_as_sent);
  if (last != of_one_entity.rend()) {
    settled += settle_all_failed_before(transaction, key, last->place->log_id, last->mutation->mutation_id, now_);
  }
  if (std::ranges::any_of(of_one_entity, has_effect)) settled += std::ssize(settle_overtaken(transaction, key, now_));
  if (settled > 0) ahead_.erase(key);  // they are folded in it
}

/// The usual case, in one statement and without looking at the log: the last word on the entity is an applied mutation,
/// nothing older is open, and nothing moved beneath it.
bool Filing::take_as_sent(sql::Transaction& transaction, std::span<const Sent> of_one_entity) {
  const Sent& last = of_one_entity.back();
  const auto lost = [](const Sent& sent) { return sent.outcome->kind == Kind::conflict; };
  if (last.outcome->kind != Kind::applied || std::ranges::any_of(of_one_entity, lost)) return false;
  const Mutation& mutation = *last.mutation;
  const rules::FieldMapping* mapping = mappings_.of(mutation.model.value, last.place->log_id);
  if (mapping != nullptr && !mapping->set.empty()) return false;  // the server has more than was recorded
  if (unsettled_.contains(entity_hash(mutation))) return false;
  const bool rev_known = last.outcome->rev && last.outcome->rev->value > 0;
  return transaction.run(k_take_as_sent, {mutation.model.value, mutation.entity_id.value, last.place->log_id,
                                          rev_known ? sql::Value(last.outcome->rev->value) : sql::Value(),
                                          mutation.payload, std::int64_t{mutation.operation == Operation::remove}}) ==
         1;
}

/// Follows the server's state through every outcome, then lays what is still open over it.
void Filing::compute_anew(sql::Transaction& transaction, std::span<const Sent> of_one_entity) {
  const Mutation& any = *of_one_entity.front().mutation;
  const EntityKey key{any.model, any.entity_id};
  std::optional<RecordRow> found = read_record(transaction, key);
  rules::LocalState server = found ? server_state(*found) : rules::LocalState{};
  RecordRow row = std::move(found).value_or(RecordRow());
  row.key = key;
  row.updated_at_ms = now_ms_;
  for (const Sent& sent : of_one_entity) {
    const Mutation& mutation = *sent.mutation;
    const Outcome& outcome = *sent.outcome;
    if (outcome.kind == Kind::conflict) {
      lose(transaction, sent, row, server);
    } else if (outcome.kind == Kind::applied && !already_pulled(row, sent.place->log_id, outcome.rev)) {
      server = {true, mutation.operation == Operation::remove, taken_by_server(sent)};
      if (outcome.rev && outcome.rev->value > 0) row.rev = *outcome.rev;
    } else if (outcome.kind == Kind::merged && !already_pulled(row, sent.place->log_id, outcome.rev)) {
      // What is stored is known only once it is pulled: rev stays, so that the pulled row is taken.
      server = rules::after(std::move(server), mutation.operation, mutation.payload, mutation.before);
    }
  }
  if (const rules::FieldMapping* mapping = mappings_.in_force(key.model.value); mapping != nullptr && !server.deleted) {
    server.payload = mapping->with_local_fields(server.payload, row.payload);
  }
  store(transaction, std::move(row), server, of_one_entity.back().place->log_id);
}

/// What the server has now of an applied mutation, as it is seen here. The fields that stay here are none of the
/// server's: of those the record knows more than a mutation that may have been overtaken.
std::string Filing::taken_by_server(const Sent& sent) const {
  const std::string& payload = sent.mutation->payload;
  const rules::FieldMapping* mapping = mappings_.of(sent.mutation->model.value, sent.place->log_id);
  return mapping == nullptr ? payload : mapping->without_local_fields(mapping->forced(payload));
}

void Filing::store(sql::Transaction& transaction, RecordRow row, const rules::LocalState& server, std::int64_t filed) {
  const auto found = ahead_.find(row.key);
  if (found != ahead_.end()) {
    if (auto laid = found->second.lay_over(transaction, row.key, server, filed)) {
      store_laid(transaction, std::move(row), server, *std::move(laid));
      return;
    }
  }
  const EntityKey key = row.key;
  if (store_over(transaction, std::move(row), server) < k_many_open_edits) return;
  if (ahead_.size() >= k_ahead_max) ahead_.clear();
  ahead_.try_emplace(key);
}

/// What is folded ahead holds as long as nobody else settles, records or retries.
void Filing::forget_if_others_wrote(sql::Transaction& transaction) {
  transaction.run(k_data_version, {}, [&](const sql::Row& row) {
    if (std::exchange(data_version_, row.integer(0)) != row.integer(0)) ahead_.clear();
  });
}

/// The server's state stands; mine is kept beside it until a person has dealt with it, if they have not already.
void Filing::lose(sql::Transaction& transaction, const Sent& sent, RecordRow& row, rules::LocalState& server) {
  const Mutation& mutation = *sent.mutation;
  const protocol::ConflictReport& report = *sent.outcome->report;
  const rules::FieldMapping* mapping = mappings_.in_force(mutation.model.value);
  std::string theirs = without_tether_id(report.server_state);
  if (mapping != nullptr) theirs = mapping->from_wire(theirs);
  // What stays here is in no dispute.
  if (mapping != nullptr && !report.deleted) theirs = mapping->with_local_fields(theirs, mutation.payload);
  if (!sent.settled) {
    transaction.run(k_add_conflict,
                    {mutation.mutation_id.value, mutation.model.value, mutation.entity_id.value,
                     protocol::name(mutation.operation), seen_by_writer(mutation, server), mutation.payload, theirs,
                     std::int64_t{report.deleted}, report.server_rev.value_or(Rev{0}).value, now_});
  }
  const bool says_nothing = report.server_state == "{}" && !report.deleted;  // then a pull will bring the row
  if (says_nothing || (report.server_rev && row.rebased_log_id >= sent.place->log_id && *report.server_rev < row.rev)) {
    return;
  }
  server = {true, report.deleted, theirs};
  if (report.server_rev) row.rev = *report.server_rev;
}

}  // namespace tether::replica
