// SPDX-License-Identifier: MIT
#include "rules/resolve.hpp"

#include <algorithm>

#include "protocol/payload.hpp"
#include "rules/fields.hpp"
#include "rules/untold.hpp"

namespace tether::rules {

namespace {

using protocol::Mutation;
using protocol::Operation;

/// The record as its next revision, taken from `mutation`; payload, deleted, as_sent and authors are the caller's to
/// set.
Record next(const Mutation& mutation, const Record& record, const Writer& writer) {
  return {.rev = Rev{record.rev.value + 1},
          .written_at_ms = writer.written_at_ms,
          .written_by = writer.client,
          .written_version = mutation.version,
          .updated_at = record.updated_at,
          .created_us = record.created_us};
}

Applied write(const Mutation& mutation, const Record& record, const Writer& writer) {
  Record after = next(mutation, record, writer);
  // What is created after it was deleted starts anew: fields of its former life that it does not name do not come back.
  const bool anew = !record.exists() || (record.deleted && mutation.operation == Operation::create);
  after.as_sent = anew || covers(mutation.payload, record.payload);
  after.payload = after.as_sent ? mutation.payload : overlay(record.payload, mutation.payload);
  if (!anew) after.authors = authors_after(record, after);
  const bool merged = !after.as_sent;
  return {.after = std::move(after), .merged = merged};
}

Applied remove(const Mutation& mutation, const Record& record, const Writer& writer) {
  Record after = next(mutation, record, writer);
  after.payload = record.payload;
  after.deleted = true;
  after.authors = authors_after(record, after);
  return {.after = std::move(after)};
}

/// The record's edit time, as far as it is past: one from a server clock that was ahead and is mended must not lock
/// everybody out until then.
std::int64_t edit_time(const Record& record, const Writer& writer) {
  return std::min(record.written_at_ms, writer.now_ms);
}

/// What the writer says that it had seen, but for what it is not told: of that it says what it was shown instead.
std::string before_told(const Mutation& mutation, const Model& model) {
  if (!mutation.before) return "{}";
  if (model.hide.empty() && model.mask.empty()) return *mutation.before;
  protocol::ObjectWriter told;
  for (const auto& member : protocol::members(*mutation.before)) {
    if (!is_untold(model, protocol::unescaped(member.key))) told.member(member.key, member.value);
  }
  return std::move(told).finish();
}

Sight sight_of(const Mutation& mutation, const Writer& writer, const Model& model) {
  return {writer.client, mutation.base_rev, mutation.version, before_told(mutation, model)};
}

/// Whether it was written behind all that its writer had not seen. By edit time the outcome does not depend on who
/// arrived first.
bool is_later(const Record& record, const Writer& writer, const Sight& sight) {
  const auto unseen = last_unseen_edit(record, sight);
  return !unseen || writer.written_at_ms >= std::min(*unseen, writer.now_ms);
}

/// Whether there is a conflict.
bool is_opposed(const Mutation& mutation, const Record& record, const Writer& writer, const Sight& sight) {
  if (mutation.base_rev) return last_unseen_edit(record, sight).has_value();
  // The original client says nothing of what it had seen; its create of what exists is never a conflict.
  return mutation.operation != Operation::create && record.written_by != writer.client &&
         writer.written_at_ms < edit_time(record, writer);
}

std::vector<std::string> names_of_changes(const std::string& from, const std::string& to) {
  return field_names(changes(from, to));
}

Conflict conflict_with(const Record& record, const Mutation& mutation) {
  if (record.deleted || mutation.operation == Operation::remove) return {};
  return {.fields = names_of_changes(record.payload, mutation.payload)};
}

Outcome not_found() {
  return Rejected{.reason = std::string(protocol::reason::k_not_found)};
}

/// Two people who wrote the same do not disagree. Of what the writer is not told that would answer its guess.
bool wants_what_is(const Mutation& mutation, const Record& record, const Model& model) {
  return !record.deleted && mutation.operation != Operation::remove &&
         field_names(changes(record.payload, mutation.payload)).empty() && guesses(model, mutation.payload).empty();
}

/// What of the record is gone when `payload` takes its place: of a delete, all that it had deleted.
std::string replaced(const Record& record, const std::string& payload) {
  return record.deleted ? record.payload : selected(record.payload, changes(record.payload, payload));
}

/// The mutation as it was sent, put over what its writer had not seen.
Applied take(const Mutation& mutation, const Record& record, const Writer& writer, const Sight& sight) {
  if (mutation.operation == Operation::remove) {
    Applied removed = remove(mutation, record, writer);
    removed.overwrote = unseen_fields(record, field_names(record.payload), sight);
    return removed;
  }
  Applied written = write(mutation, record, writer);
  written.overwrote = unseen_fields(record, field_names(replaced(record, mutation.payload)), sight);
  return written;
}

/// What the writer had seen, as far as it says so.
std::string base_of(const Mutation& mutation) {
  return mutation.before ? as_before(mutation.payload, *mutation.before) : "null";
}

/// Of an update that says what it changed only that counts: all else is what its writer happened to have.
std::string written_fields(const Mutation& mutation) {
  return mutation.before ? selected(mutation.payload, *mutation.before) : mutation.payload;
}

Undecided ask(const Mutation& mutation, const Record& record, const Writer& writer) {
  return {{.kind = QuestionKind::resolve,
           .model = mutation.model,
           .entity_id = mutation.entity_id,
           .operation = mutation.operation,
           .base = base_of(mutation),
           .ours = mutation.operation == Operation::remove ? "null" : mutation.payload,
           .theirs = record.deleted ? "null" : record.payload,
           .claims = std::string(writer.claims)}};
}

/// `payload` instead of what either side has. Edit times only go on: an older edit that was merged makes nothing older.
Applied store(std::string payload, const Mutation& mutation, const Record& record, const Writer& writer) {
  Record after = next(mutation, record, writer);
  after.written_at_ms = std::max(writer.written_at_ms, edit_time(record, writer));
  after.as_sent = same_fields(payload, mutation.payload);
  after.payload = std::move(payload);
  after.authors = authors_after(record, after);
  const bool merged = !after.as_sent;
  return {.after = std::move(after), .merged = merged};
}

/// Only what the writer changed, over what is there.
Applied lay_over(const Mutation& mutation, const Record& record, const Writer& writer) {
  return store(overlay(record.payload, written_fields(mutation)), mutation, record, writer);
}

/// Against nothing that its writer had not seen. Of an update that says what it changed only that is taken: its payload
/// has the values of edits before it, too, and those may have been refused.
Applied write_unopposed(const Mutation& mutation, const Record& record, const Writer& writer, const Sight& sight) {
  if (mutation.operation == Operation::remove) return remove(mutation, record, writer);
  if (mutation.operation == Operation::update && mutation.before) {
    Applied laid = lay_over(mutation, record, writer);
    if (laid.merged) return laid;
  }
  // A create that does not say `base_rev` says nothing of what it had seen: what it takes the place of is kept.
  const bool blind = mutation.operation == Operation::create && !mutation.base_rev;
  return blind ? take(mutation, record, writer, sight) : write(mutation, record, writer);
}

Applied store_verdict(const Apply& verdict, const Mutation& mutation, const Record& record, const Writer& writer) {
  // Fields that the verdict does not name stay: a program that forgets one must not delete it.
  std::string payload = record.deleted ? verdict.payload : overlay(record.payload, verdict.payload);
  Applied stored = store(std::move(payload), mutation, record, writer);
  const std::string& after = stored.after.payload;
  // No person chose what a program put there: only what the writer changed had been seen.
  const std::string gone = replaced(record, after);
  stored.overwrote = field_names(mutation.before && !record.deleted ? changes(*mutation.before, gone) : gone);
  // Of a delete that was not obeyed nothing is as its writer wanted it.
  const bool removes = mutation.operation == Operation::remove;
  stored.lost = removes ? field_names(after) : names_of_changes(after, written_fields(mutation));
  return stored;
}

Applied delete_instead(const Mutation& mutation, const Record& record, const Writer& writer) {
  if (record.deleted) return {.after = record, .merged = true, .lost = field_names(written_fields(mutation))};
  const Mutation removal{.operation = Operation::remove, .version = mutation.version};
  Applied removed = take(removal, record, writer, {.client = writer.client});
  if (mutation.operation == Operation::remove) return removed;
  removed.merged = true;
  removed.after.as_sent = false;
  removed.lost = field_names(written_fields(mutation));
  return removed;
}

Outcome obey(const Verdict& verdict, const Mutation& mutation, const Record& record, const Writer& writer) {
  if (const auto* apply = std::get_if<Apply>(&verdict)) return store_verdict(*apply, mutation, record, writer);
  if (std::holds_alternative<Keep>(verdict)) return conflict_with(record, mutation);
  if (const auto* refuse = std::get_if<Refuse>(&verdict)) return Rejected{refuse->reason, refuse->data};
  if (std::holds_alternative<Delete>(verdict)) return delete_instead(mutation, record, writer);
  return Rejected{.reason = std::string(protocol::reason::k_error)};
}

Outcome ask_or_obey(const Mutation& mutation, const Record& record, const Writer& writer, const Verdict* verdict) {
  if (verdict != nullptr) return obey(*verdict, mutation, record, writer);
  return ask(mutation, record, writer);
}

/// Whether the writer's own later edit is in the record already: this one was put off. What it changed may be in that
/// one, so merging it could count it twice.
bool is_behind_own(const Mutation& mutation, const Record& record, const Writer& writer) {
  return record.written_by == writer.client && mutation.version <= record.written_version;
}

Outcome decide_by_policy(const Mutation& mutation, const Record& record, const Writer& writer, const Sight& sight,
                         Policy policy, const Verdict* verdict) {
  switch (policy) {
    case Policy::client_wins:
      return take(mutation, record, writer, sight);
    case Policy::merge:  // of an edit that does not say what it changed, of a delete, or behind a later one of its own
      if (mutation.before && is_behind_own(mutation, record, writer)) break;
      [[fallthrough]];
    case Policy::last_write_wins:
      if (is_later(record, writer, sight)) return take(mutation, record, writer, sight);
      break;
    case Policy::exec:
      return ask_or_obey(mutation, record, writer, verdict);
    case Policy::server_wins:
    case Policy::manual:
      break;
  }
  return conflict_with(record, mutation);
}

Outcome decide_conflict(const Mutation& mutation, const Record& record, const Writer& writer, const Sight& sight,
                        const Model& model, const Verdict* verdict) {
  if (mutation.operation == Operation::remove && model.delete_policy != DeletePolicy::by_policy) {
    if (model.delete_policy == DeletePolicy::delete_wins) return take(mutation, record, writer, sight);
    return Conflict{};
  }
  return decide_by_policy(mutation, record, writer, sight, model.policy, verdict);
}

/// Whether the record has moved on since its writer had seen it, whoever did that: a later edit made offline is upon
/// an earlier one, which may have been merged.
bool is_overtaken(const Mutation& mutation, const Record& record) {
  return mutation.base_rev && record.rev > *mutation.base_rev;
}

/// Whether the writer says what it changed, and upon what.
bool can_be_merged(const Mutation& mutation) {
  return mutation.operation == Operation::update && mutation.before && mutation.base_rev;
}

/// Whether what the writer's earlier edit became is not what it wrote: a program made it so.
bool stands_on_what_is_gone(const Mutation& mutation, const Record& record) {
  return can_be_merged(mutation) && is_overtaken(mutation, record) &&
         !same_fields(record.payload, as_before(mutation.payload, *mutation.before));
}

Outcome merged(const Mutation& mutation, const Record& record, const Writer& writer, const Sight& sight,
               const Model& model) {
  const auto guessed = guesses(model, written_fields(mutation));
  Merge merged = merge({.before = *mutation.before,
                        .ours = mutation.payload,
                        .theirs = record.payload,
                        .ours_is_later = is_later(record, writer, sight),
                        .guessed = guessed},
                       model.strategies);
  if (!merged.disputed.empty()) return record.deleted ? Conflict{} : Conflict{.fields = std::move(merged.disputed)};
  const bool changes_nothing = !record.deleted && guessed.empty() && same_fields(merged.payload, record.payload);
  Applied applied = changes_nothing ? Applied{.after = record, .merged = !same_fields(record.payload, mutation.payload)}
                                    : store(std::move(merged.payload), mutation, record, writer);
  applied.overwrote = record.deleted ? field_names(record.payload) : std::move(merged.lost_theirs);
  applied.lost = std::move(merged.lost_ours);
  return applied;
}

/// An edit that wins over a delete. Who deleted had perhaps seen more than the writer: only what the writer changed is
/// taken, where it says so, and laid over what was deleted. A delete that knew of the edit is not undone by it.
Outcome revive(const Mutation& mutation, const Record& record, const Writer& writer, const Sight& sight,
               const Model& model) {
  const bool saw_the_delete = mutation.base_rev && record.rev <= *mutation.base_rev;
  if (saw_the_delete) return write(mutation, record, writer);
  if (!mutation.before) return take(mutation, record, writer, sight);
  if (is_behind_own(mutation, record, writer)) return Conflict{};
  if (model.policy == Policy::merge) return merged(mutation, record, writer, sight, model);
  Applied revived = lay_over(mutation, record, writer);
  revived.overwrote = field_names(record.payload);
  return revived;
}

/// An update of what is deleted brings it back only where the model says so: otherwise its writer decides anew. The
/// original client says nothing of what it had seen, and its own server answers `not_found`.
Outcome resolve_update_of_tombstone(const Mutation& mutation, const Record& record, const Writer& writer,
                                    const Sight& sight, const Model& model, const Verdict* verdict) {
  if (model.delete_policy == DeletePolicy::edit_wins) return revive(mutation, record, writer, sight, model);
  if (!mutation.base_rev) return not_found();
  const bool asks = model.policy == Policy::exec && model.delete_policy == DeletePolicy::by_policy;
  return asks ? ask_or_obey(mutation, record, writer, verdict) : Conflict{};
}

}  // namespace

std::int64_t corrected_edit_time(std::int64_t timestamp_ms, std::optional<std::int64_t> sent_at_ms,
                                 std::int64_t now_ms) {
  // Both are hostile 64-bit numbers: subtract only what cannot overflow.
  constexpr std::int64_t k_far = std::int64_t{1} << 53;
  const auto timestamp = std::clamp(timestamp_ms, -k_far, k_far);
  const auto skew = sent_at_ms ? std::clamp(*sent_at_ms, -k_far, k_far) - now_ms : 0;
  return std::min(timestamp - skew, now_ms);
}

bool conflicts(const Mutation& mutation, const Record& record, const Writer& writer, const Model& model) {
  return record.exists() && is_opposed(mutation, record, writer, sight_of(mutation, writer, model));
}

Outcome resolve(const Mutation& mutation, const Record& record, const Writer& writer, const Model& model,
                const Verdict* verdict) {
  const auto operation = mutation.operation;
  if (!record.exists()) return operation == Operation::create ? Outcome(write(mutation, record, writer)) : not_found();
  if (record.deleted && operation == Operation::remove) return Applied{.after = record};
  const Sight sight = sight_of(mutation, writer, model);
  if (record.deleted && operation == Operation::update) {
    return resolve_update_of_tombstone(mutation, record, writer, sight, model, verdict);
  }
  const bool opposed = is_opposed(mutation, record, writer, sight);
  if (model.policy == Policy::merge && (opposed || is_overtaken(mutation, record)) && can_be_merged(mutation) &&
      !is_behind_own(mutation, record, writer)) {
    return merged(mutation, record, writer, sight, model);
  }
  const bool asks_again = model.policy == Policy::exec && stands_on_what_is_gone(mutation, record);
  if (!asks_again && !opposed) return write_unopposed(mutation, record, writer, sight);
  Outcome outcome = decide_conflict(mutation, record, writer, sight, model, verdict);
  const bool stands_against = !std::holds_alternative<Applied>(outcome);
  if (stands_against && wants_what_is(mutation, record, model)) {
    return Applied{.after = record, .merged = !covers(mutation.payload, record.payload)};
  }
  return outcome;
}

}  // namespace tether::rules
