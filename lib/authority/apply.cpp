// SPDX-License-Identifier: MIT
#include "authority/apply.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/hash.hpp"
#include "protocol/codec.hpp"
#include "protocol/payload.hpp"

namespace tether::authority {
namespace {

using protocol::Mutation;

constexpr std::string_view k_applied = "applied";
constexpr std::string_view k_merged = "merged";
constexpr std::string_view k_conflict = "conflict";

EntityRef entity_of(const Mutation& mutation) {
  return {mutation.model.value, mutation.entity_id.value};
}

std::string too_large_data(std::size_t bytes, std::size_t bytes_max) {
  const std::string message =
      "[\"is " + std::to_string(bytes) + " bytes long; at most " + std::to_string(bytes_max) + " are accepted\"]";
  protocol::ObjectWriter messages;
  messages.member("payload", message);
  protocol::ObjectWriter data;
  data.member("messages", std::move(messages).finish());
  return std::move(data).finish();
}

std::string with_tether_id(std::string_view payload, const EntityId& id) {
  protocol::ObjectWriter state;
  for (const auto& member : protocol::members(payload)) {
    if (!protocol::same_key(member.key, "tether_id")) state.member(member.key, member.value);
  }
  state.text_member("tether_id", id.value);
  return std::move(state).finish();
}

protocol::ConflictReport report(const Mutation& mutation, const rules::Record& record, rules::Conflict conflict) {
  return {.mutation_id = mutation.mutation_id,
          .server_state = record.deleted ? "{}" : with_tether_id(record.payload, mutation.entity_id),
          .server_updated_at_us = record.updated_at.value,
          .server_rev = record.rev,
          .fields = std::move(conflict.fields),
          .deleted = record.deleted};
}

rules::Rejected rejected(std::string_view reason, std::string data = "{}") {
  return {.reason = std::string(reason), .data = std::move(data)};
}

}  // namespace

std::string hash_of(const Mutation& mutation) {
  std::string content;
  content.reserve(mutation.payload.size() + 192);
  // Each part behind its length, so that no two contents make one text.
  const auto add = [&](std::string_view part) {
    content += std::to_string(part.size());
    content += ':';
    content += part;
  };
  add(mutation.model.value);
  add(mutation.entity_id.value);
  add(protocol::name(mutation.operation));
  add(std::to_string(mutation.version));
  add(std::to_string(mutation.timestamp_ms));
  add(mutation.payload);
  return content_hash(content);
}

Attempt::Attempt(Ledger& ledger, const protocol::PushRequest& request, const std::vector<std::string>& hashes,
                 const Options& options, std::int64_t now_us, Assume assume)
    : ledger_(ledger), request_(request), hashes_(hashes), options_(options), now_us_(now_us), assume_(assume) {}

bool Attempt::run(const std::function<std::string()>& new_epoch) {
  reply_.server_time_us = now_us_;
  load();
  if (knows_another_epoch()) {
    decide_nothing(new_epoch);
    return true;
  }
  for (std::size_t i = 0; i < request_.mutations.size(); ++i) decide(i);
  return every_assumption_is_guarded() && write(new_epoch);
}

/// The client has seen a state that this server has not, or no longer.
bool Attempt::knows_another_epoch() const {
  return !request_.epoch.empty() && (!head_ || head_->epoch != request_.epoch);
}

void Attempt::decide_nothing(const std::function<std::string()>& new_epoch) {
  for (const Mutation& mutation : request_.mutations) {
    reply_.rejected.push_back({mutation.mutation_id, std::string(protocol::reason::k_error), "{}"});
  }
  reply_.epoch = head_ ? head_->epoch : ledger_.ensure_head(new_epoch());
}

void Attempt::load() {
  known_.reserve(request_.mutations.size());
  if (assume_ == Assume::nothing) {
    auto decided = ledger_.decided(request_.mutations);
    for (const Mutation& mutation : request_.mutations) {
      const auto found = decided.find(mutation.mutation_id);
      if (found != decided.end()) known_.try_emplace(mutation.mutation_id.value, Known{found->second});
    }
  }
  // After the ids: one that is forgotten between the two reads has then moved forgotten_ms already.
  head_ = ledger_.head();
  ledger_.records(entities_to_read(), [&](EntityRef entity, rules::Record record) {
    Touched& touched = touched_.at(entity);
    touched.rev_before = record.rev;
    touched.record = std::move(record);
  });
}

std::vector<EntityRef> Attempt::entities_to_read() {
  touched_.reserve(request_.mutations.size());
  std::vector<EntityRef> entities;
  for (const Mutation& mutation : request_.mutations) {
    if (known_.contains(mutation.mutation_id.value)) continue;
    const EntityRef entity = entity_of(mutation);
    const auto [entry, added] = touched_.try_emplace(entity);
    if (!added) continue;
    entry->second.assumed_absent = assume_ == Assume::new_work && mutation.operation == protocol::Operation::create;
    if (!entry->second.assumed_absent) entities.push_back(entity);
  }
  return entities;
}

/// Inserting a record shows whether it was absent; one that is assumed to be and not inserted shows nothing.
bool Attempt::every_assumption_is_guarded() const {
  return std::none_of(touched_.begin(), touched_.end(),
                      [](const auto& entry) { return entry.second.assumed_absent && entry.second.changed_by == 0; });
}

void Attempt::decide(std::size_t index) {
  const Mutation& mutation = request_.mutations[index];
  const auto found = known_.find(mutation.mutation_id.value);
  if (found == known_.end()) {
    settle(mutation, index, outcome_of(index));
    return;
  }
  auto& [decided, answered] = found->second;
  if (decided.content_hash != hashes_[index]) {
    auto rejection = rejected(protocol::reason::k_mutation_id_reused);
    reply_.rejected.push_back({mutation.mutation_id, std::move(rejection.reason), std::move(rejection.data)});
    return;
  }
  // Sent twice in one request: one answer holds for both.
  if (!std::exchange(answered, true)) answer(mutation.mutation_id, decided, true);
}

rules::Outcome Attempt::outcome_of(std::size_t index) {
  const Mutation& mutation = request_.mutations[index];
  if (is_expired(mutation)) return rejected(protocol::reason::k_expired);
  if (mutation.payload.size() > options_.limits.payload_bytes_max) {
    return rejected(protocol::reason::k_validation_failed,
                    too_large_data(mutation.payload.size(), options_.limits.payload_bytes_max));
  }
  const rules::Writer writer{
      .client = request_.client_id,
      .written_at_ms = rules::corrected_edit_time(mutation.timestamp_ms, request_.sent_at_ms, now_us_ / 1000),
      .now_ms = now_us_ / 1000};
  return rules::resolve(mutation, touched_.at(entity_of(mutation)).record, writer, rules::Policy::last_write_wins);
}

/// An unknown id from the time of ids that were forgotten: nobody can tell any more whether it was applied.
bool Attempt::is_expired(const Mutation& mutation) const {
  return head_ && head_->forgotten_ms > 0 && mutation.timestamp_ms <= head_->forgotten_ms;
}

void Attempt::settle(const Mutation& mutation, std::size_t index, rules::Outcome outcome) {
  Known known{decided_as(mutation, index, std::move(outcome)), true};
  const Decided& decided = known_.emplace(mutation.mutation_id.value, std::move(known)).first->second.decided;
  decisions_.push_back({&mutation, &decided});
  answer(mutation.mutation_id, decided, false);
}

/// Gives `outcome` the form in which it is remembered; what was applied changes the record for those that follow.
Decided Attempt::decided_as(const Mutation& mutation, std::size_t index, rules::Outcome outcome) {
  Decided decided{.content_hash = hashes_[index], .outcome = {}, .rev = Rev{0}, .data = {}};
  if (auto* rejection = std::get_if<rules::Rejected>(&outcome)) {
    decided.outcome = std::move(rejection->reason);
    decided.data = std::move(rejection->data);
    return decided;
  }
  Touched& touched = touched_.at(entity_of(mutation));
  if (auto* conflict = std::get_if<rules::Conflict>(&outcome)) {
    decided.outcome = k_conflict;
    decided.data = protocol::encode_conflict_data(report(mutation, touched.record, std::move(*conflict)));
    return decided;
  }
  auto& applied = std::get<rules::Applied>(outcome);
  decided.outcome = applied.merged ? k_merged : k_applied;
  decided.rev = applied.after.rev;
  if (applied.after.rev != touched.record.rev) {  // a delete of what is deleted changes nothing
    touched.record = std::move(applied.after);
    touched.record.updated_at = Cursor{now_us_};  // until the batch has its place in the order
    touched.changed_by = index + 1;
  }
  return decided;
}

/// The same answer, word for word, whether it was decided `again` in the past or just now.
void Attempt::answer(const MutationId& id, const Decided& decided, bool again) {
  const bool took_effect = decided.outcome == k_applied || decided.outcome == k_merged;
  if (took_effect && again && options_.strict_duplicates) {
    reply_.rejected.push_back({id, std::string(protocol::reason::k_duplicate), "{}"});
  } else if (took_effect) {
    reply_.applied.push_back(id);
    reply_.revs.emplace_back(id, decided.rev);
    if (decided.outcome == k_merged) reply_.merged.push_back(id);
  } else if (decided.outcome == k_conflict) {
    reply_.conflicts.push_back(protocol::decode_conflict_data(id, decided.data));
  } else {
    reply_.rejected.push_back({id, decided.outcome, decided.data});
  }
}

bool Attempt::write(const std::function<std::string()>& new_epoch) {
  if (head_) reply_.epoch = head_->epoch;
  if (decisions_.empty()) return true;
  if (!ledger_.remember(decisions_, request_.client_id.value, now_us_)) return false;
  if (!head_) reply_.epoch = ledger_.ensure_head(new_epoch());
  std::vector<RecordChange> changed = changes();
  if (changed.empty()) return true;
  const auto taken = ledger_.store(changed, now_us_);
  if (!taken) return false;
  reply_.cursor_before = Cursor{taken->before};
  reply_.cursor = changed.back().record.updated_at;
  return true;
}

/// What the batch leaves behind, in the order of the last change.
std::vector<RecordChange> Attempt::changes() {
  std::vector<std::pair<const EntityRef, Touched>*> changed;
  for (auto& entry : touched_) {
    if (entry.second.changed_by > 0) changed.push_back(&entry);
  }
  std::sort(changed.begin(), changed.end(),
            [](const auto* a, const auto* b) { return a->second.changed_by < b->second.changed_by; });
  std::vector<RecordChange> out;
  out.reserve(changed.size());
  for (auto* entry : changed) {
    out.push_back(
        {.entity = entry->first, .record = std::move(entry->second.record), .rev_before = entry->second.rev_before});
  }
  return out;
}

}  // namespace tether::authority
