// SPDX-License-Identifier: MIT
#include "authority/apply.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "authority/answer_data.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "rules/decide.hpp"

namespace tether::authority {
namespace {

using protocol::Mutation;

constexpr std::string_view k_applied = "applied";
constexpr std::string_view k_merged = "merged";
constexpr std::string_view k_conflict = "conflict";

EntityRef entity_of(const Mutation& mutation) {
  return {mutation.model.value, mutation.entity_id.value};
}

rules::Rejected rejected(std::string_view reason, std::string data = "{}") {
  return {.reason = std::string(reason), .data = std::move(data)};
}

/// Whether `outcome`, to which rules came with these verdicts, is what a program said.
bool is_said_by(const rules::Verdicts& verdicts, const rules::Outcome& outcome) {
  const auto refuses = [](const rules::Verdict* verdict) {
    return verdict != nullptr && std::holds_alternative<rules::Refuse>(*verdict);
  };
  if (std::holds_alternative<rules::Rejected>(outcome)) return refuses(verdicts.map) || refuses(verdicts.resolve);
  return verdicts.resolve != nullptr;
}

}  // namespace

void throw_answer_too_long() {
  throw Error(ErrorCode::too_large,
              "the answer would be longer than " + std::to_string(k_held_bytes_max) +
                  " bytes: it tells the records that stand against these mutations",
              "Send fewer mutations at once.");
}

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

Attempt::Attempt(Ledger& ledger, std::span<Submission* const> together, const Terms& terms)
    : ledger_(ledger), together_(together), terms_(terms) {}

Attempted Attempt::run(const std::function<std::string()>& new_epoch) {
  if (!load()) return Attempted::too_much;
  for (Submission* submission : together_) {
    submission->reply.server_time_us = terms_.now_us;
    if (knows_another_epoch(submission->request)) {
      decide_nothing(*submission, new_epoch);
    } else {
      decide_all(*submission);
    }
  }
  if (asks_) return Attempted::asks;
  return every_assumption_is_guarded() && write(new_epoch) ? Attempted::decided : Attempted::overtaken;
}

Attempted Attempt::preview() {
  if (!load()) return Attempted::too_much;
  for (Submission* submission : together_) {
    submission->reply.server_time_us = terms_.now_us;
    if (head_) submission->reply.epoch = head_->epoch;
    if (knows_another_epoch(submission->request)) {
      put_off(*submission);
      if (!head_) submission->reply.epoch = "none";  // the store was lost: whatever it gets will be another one
    } else {
      decide_all(*submission);
    }
  }
  return asks_ ? Attempted::asks : Attempted::decided;
}

/// The client has seen a state that this server has not, or no longer.
bool Attempt::knows_another_epoch(const protocol::PushRequest& request) const {
  return !request.epoch.empty() && (!head_ || head_->epoch != request.epoch);
}

void Attempt::put_off(Submission& submission) {
  for (const Mutation& mutation : submission.request.mutations) {
    submission.reply.rejected.push_back({mutation.mutation_id, std::string(protocol::reason::k_error), "{}"});
  }
}

void Attempt::decide_nothing(Submission& submission, const std::function<std::string()>& new_epoch) {
  put_off(submission);
  submission.reply.epoch = head_ ? head_->epoch : ledger_.ensure_head(new_epoch());
}

bool Attempt::load() {
  if (terms_.assume == Assume::nothing) load_decided();
  // After the ids: one that is forgotten between the two reads has then moved forgotten_ms already.
  head_ = ledger_.head();
  return load_records();
}

bool Attempt::load_records() {
  const std::vector<EntityRef> entities = entities_to_read();
  std::size_t bytes = 0;
  ledger_.records(entities, [&](EntityRef entity, rules::Record record) {
    bytes += record.payload.size();
    if (bytes > k_held_bytes_max && entities.size() > 1) return;
    Touched& touched = touched_.at(entity);
    touched.rev_before = record.rev;
    touched.record = std::move(record);
  });
  return bytes <= k_held_bytes_max || entities.size() == 1;
}

void Attempt::load_decided() {
  std::unordered_set<std::string_view> ids;
  for (const Submission* submission : together_) {
    for (const Mutation& mutation : submission->request.mutations) ids.insert(mutation.mutation_id.value);
  }
  const std::vector<std::string_view> all(ids.begin(), ids.end());
  ledger_.decided(all, [&](std::string_view id, Decided decided) {
    hold(decided.data.size());
    known_.try_emplace(*ids.find(id), Known{std::move(decided)});
  });
}

/// Answers tell whole records, and a request of a few bytes can ask for many of them.
void Attempt::hold(std::size_t bytes) {
  held_bytes_ += bytes;
  if (held_bytes_ <= k_held_bytes_max || (together_.size() == 1 && together_.front()->request.mutations.size() == 1)) {
    return;
  }
  throw_answer_too_long();
}

std::vector<EntityRef> Attempt::entities_to_read() {
  std::vector<EntityRef> entities;
  for (const Submission* submission : together_) {
    for (const Mutation& mutation : submission->request.mutations) {
      if (known_.contains(mutation.mutation_id.value)) continue;
      const EntityRef entity = entity_of(mutation);
      const auto [entry, added] = touched_.try_emplace(entity);
      if (!added) continue;
      entry->second.assumed_absent =
          terms_.assume == Assume::new_work && mutation.operation == protocol::Operation::create;
      if (!entry->second.assumed_absent) entities.push_back(entity);
    }
  }
  return entities;
}

/// Inserting a record shows whether it was absent; one that is assumed to be and not inserted shows nothing.
bool Attempt::every_assumption_is_guarded() const {
  return std::none_of(touched_.begin(), touched_.end(),
                      [](const auto& entry) { return entry.second.assumed_absent && entry.second.changed_at == 0; });
}

void Attempt::decide_all(Submission& submission) {
  const auto& mutations = submission.request.mutations;
  for (std::size_t i = 0; i < mutations.size(); ++i) decide({submission, mutations[i], submission.hashes[i]});
}

void Attempt::decide(const Step& step) {
  ++steps_;
  const auto found = known_.find(step.mutation.mutation_id.value);
  if (found == known_.end()) {
    if (auto judged = outcome_of(step)) settle(step, std::move(*judged));
    return;
  }
  auto& [decided, answered_in] = found->second;
  protocol::PushReply& reply = step.submission.reply;
  if (decided.content_hash != step.hash) {
    auto rejection = rejected(protocol::reason::k_mutation_id_reused);
    reply.rejected.push_back({step.mutation.mutation_id, std::move(rejection.reason), std::move(rejection.data)});
    return;
  }
  // Sent twice in one request: one answer holds for both.
  if (std::exchange(answered_in, &step.submission) != &step.submission) {
    answer(reply, step.mutation.mutation_id, decided, true);
  }
}

/// nullopt: a program has to be asked first.
std::optional<Attempt::Judged> Attempt::outcome_of(const Step& step) {
  const Mutation& mutation = step.mutation;
  if (is_expired(mutation)) return Judged{rejected(protocol::reason::k_expired)};
  if (auto refusal = too_large(mutation.payload)) return Judged{std::move(*refusal)};
  const rules::Model* model = terms_.models.find(mutation.model.value);
  if (model == nullptr) return Judged{rejected(protocol::reason::k_unknown_model)};
  const protocol::PushRequest& request = step.submission.request;
  const std::int64_t now_ms = terms_.now_us / 1000;
  const rules::Writer writer{
      .client = request.client_id,
      .written_at_ms = rules::corrected_edit_time(mutation.timestamp_ms, request.sent_at_ms,
                                                  std::min(to_ms(step.submission.received), now_ms)),
      .now_ms = now_ms,
      .claims = step.submission.claims};
  if (terms_.models.any()) {
    return Judged{rules::resolve(mutation, touched_.at(entity_of(mutation)).record, writer, *model)};
  }
  return decide_by(*model, step, writer);
}

std::optional<Attempt::Judged> Attempt::decide_by(const rules::Model& model, const Step& step,
                                                  const rules::Writer& writer) {
  const Touched& touched = touched_.at(entity_of(step.mutation));
  if (touched.waits) return std::nullopt;
  if (touched.put_off) return Judged{rejected(protocol::reason::k_error)};
  rules::Verdicts verdicts;
  while (true) {
    auto outcome = rules::decide(step.mutation, touched.record, writer, model, verdicts);
    auto* undecided = std::get_if<rules::Undecided>(&outcome);
    if (undecided == nullptr) {
      const bool by_program = is_said_by(verdicts, outcome);
      return Judged{std::move(outcome), by_program};
    }
    const auto* verdict = step.submission.verdicts->find(step.mutation.mutation_id, undecided->question);
    if (verdict == nullptr) return ask(model, step, std::move(undecided->question));
    (undecided->question.kind == rules::QuestionKind::map ? verdicts.map : verdicts.resolve) = verdict;
  }
}

std::optional<Attempt::Judged> Attempt::ask(const rules::Model& model, const Step& step, rules::Question question) {
  if (!terms_.may_ask) return Judged{rejected(protocol::reason::k_error)};
  asks_ = true;
  touched_.at(entity_of(step.mutation)).waits = true;
  if (terms_.assume == Assume::new_work) return std::nullopt;  // perhaps it is none, and was answered long ago
  const auto& command = question.kind == rules::QuestionKind::map ? model.mapper : model.resolver;
  step.submission.verdicts->open(step.mutation.mutation_id, *command, std::move(question));
  return std::nullopt;
}

std::optional<rules::Rejected> Attempt::too_large(const std::string& payload) const {
  const std::size_t bytes_max = terms_.options.limits.payload_bytes_max;
  if (payload.size() <= bytes_max) return std::nullopt;
  return rejected(protocol::reason::k_validation_failed, too_large_data(payload.size(), bytes_max));
}

/// An unknown id from the time of ids that were forgotten: nobody can tell any more whether it was applied.
bool Attempt::is_expired(const Mutation& mutation) const {
  return head_ && head_->forgotten_ms > 0 && mutation.timestamp_ms <= head_->forgotten_ms;
}

void Attempt::settle(const Step& step, Judged judged) {
  // Two payloads that are each small enough can come to one that is not.
  const auto* applied = std::get_if<rules::Applied>(&judged.outcome);
  if (applied != nullptr && !applied->after.deleted) {
    if (auto refusal = too_large(applied->after.payload)) judged = {std::move(*refusal)};
  }
  const MutationId& id = step.mutation.mutation_id;
  Known known{decided_as(step, std::move(judged)), &step.submission};
  if (known.decided.outcome == protocol::reason::k_error) {  // no decision: it may come again
    touched_.at(entity_of(step.mutation)).put_off = true;
    step.submission.reply.rejected.push_back({id, std::move(known.decided.outcome), std::move(known.decided.data)});
    return;
  }
  const Decided& decided = known_.emplace(id.value, std::move(known)).first->second.decided;
  decisions_.push_back({&step.mutation, &step.submission.request.client_id, &decided});
  answer(step.submission.reply, id, decided, false);
}

/// Gives `outcome` the form in which it is remembered; what was applied changes the record for those that follow.
Decided Attempt::decided_as(const Step& step, Judged judged) {
  auto& [outcome, said_by_program] = judged;
  Decided decided{.content_hash = step.hash, .outcome = {}, .rev = Rev{0}, .data = {}};
  if (auto* rejection = std::get_if<rules::Rejected>(&outcome)) {
    decided.outcome = std::move(rejection->reason);
    decided.data = said_by_program ? by_program(rejection->data) : std::move(rejection->data);
    return decided;
  }
  Touched& touched = touched_.at(entity_of(step.mutation));
  const rules::Model& model = *terms_.models.find(step.mutation.model.value);
  if (auto* conflict = std::get_if<rules::Conflict>(&outcome)) {
    decided.outcome = k_conflict;
    decided.data = protocol::encode_conflict_data(
        report(step.mutation, touched.record, model, std::move(*conflict), said_by_program));
    return decided;
  }
  auto& applied = std::get<rules::Applied>(outcome);
  decided.outcome = applied.merged ? k_merged : k_applied;
  decided.rev = applied.after.rev;
  if (!applied.lost.empty() || !applied.unstored.empty()) {
    decided.data = lost_data({step.mutation, touched.record, applied, model, step.submission.claims, said_by_program});
  }
  if (applied.after.rev != touched.record.rev) change(step, touched, applied, said_by_program);  // else nothing changes
  return decided;
}

void Attempt::change(const Step& step, Touched& touched, rules::Applied& applied, bool by_program) {
  if (!applied.overwrote.empty()) {
    overwritten_.push_back({.by = &step.mutation,
                            .client = &step.submission.request.client_id,
                            .shares = rules::by_author(touched.record, std::move(applied.overwrote)),
                            .by_program = by_program,
                            .record = std::move(touched.record)});
  }
  touched.record = std::move(applied.after);
  touched.record.updated_at = Cursor{terms_.now_us};  // until it has its place in the order
  touched.changed_at = steps_;
  touched.changed_by = &step.submission;
}

/// The same answer, word for word, whether it was decided `again` in the past or just now.
void Attempt::answer(protocol::PushReply& reply, const MutationId& id, const Decided& decided, bool again) {
  const bool took_effect = decided.outcome == k_applied || decided.outcome == k_merged;
  if (took_effect && !decided.data.empty()) {
    if (!again) hold(decided.data.size());
    if (auto lost = told_loss(id, decided.data)) reply.lost.push_back(std::move(*lost));
  }
  if (took_effect && again && terms_.options.strict_duplicates) {
    reply.rejected.push_back({id, std::string(protocol::reason::k_duplicate), "{}"});
  } else if (took_effect) {
    reply.applied.push_back(id);
    reply.revs.emplace_back(id, decided.rev);
    if (decided.outcome == k_merged) reply.merged.push_back(id);
  } else if (decided.outcome == k_conflict) {
    if (!again) hold(decided.data.size());
    reply.conflicts.push_back(protocol::decode_conflict_data(id, decided.data));
  } else {
    reply.rejected.push_back({id, decided.outcome, decided.data});
  }
}

bool Attempt::write(const std::function<std::string()>& new_epoch) {
  std::string epoch = head_ ? head_->epoch : std::string();
  if (!decisions_.empty()) {
    if (!ledger_.remember(decisions_, terms_.now_us)) return false;
    if (!head_) epoch = ledger_.ensure_head(new_epoch());
    if (!store_changes()) return false;
  }
  for (Submission* submission : together_) {
    if (submission->reply.epoch.empty()) submission->reply.epoch = epoch;
  }
  return true;
}

/// What a batch leaves behind lies together in the order, behind what the batches before it leave: a client that has
/// seen everything up to there misses nothing when it goes on behind its own.
bool Attempt::store_changes() {
  std::vector<RecordChange> changes;
  std::vector<protocol::PushReply*> replies;
  for (auto* entry : changed_in_order()) {
    Touched& touched = entry->second;
    changes.push_back({.entity = entry->first, .record = std::move(touched.record), .rev_before = touched.rev_before});
    replies.push_back(&touched.changed_by->reply);
  }
  if (changes.empty()) return ledger_.forgot_nothing_since();
  const auto taken = ledger_.store(changes, places(overwritten_), terms_.now_us);
  if (!taken) return false;
  // Behind all changes, so that no reply's cursor is beyond what its client has not been told.
  ledger_.keep(overwritten_, terms_.now_us, taken->first + std::ssize(changes));
  Cursor before{taken->before};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    protocol::PushReply& reply = *replies[i];
    if (!reply.cursor) reply.cursor_before = before;
    before = changes[i].record.updated_at;
    reply.cursor = before;
  }
  return true;
}

/// What the batches leave behind, in the order of the last change.
std::vector<Attempt::TouchedEntry*> Attempt::changed_in_order() {
  std::vector<TouchedEntry*> changed;
  for (TouchedEntry& entry : touched_) {
    if (entry.second.changed_at > 0) changed.push_back(&entry);
  }
  std::sort(changed.begin(), changed.end(),
            [](const auto* a, const auto* b) { return a->second.changed_at < b->second.changed_at; });
  return changed;
}

}  // namespace tether::authority
