// SPDX-License-Identifier: MIT
#include "rules/resolve.hpp"

#include <algorithm>

#include "rules/fields.hpp"

namespace tether::rules {

namespace {

using protocol::Mutation;
using protocol::Operation;

/// The record as its next revision, taken from `mutation`; payload, deleted and as_sent are the caller's to set.
Record next(const Mutation& mutation, const Record& record, const Writer& writer) {
  return {.rev = Rev{record.rev.value + 1},
          .written_at_ms = writer.written_at_ms,
          .written_by = writer.client,
          .written_version = mutation.version,
          .updated_at = record.updated_at};
}

Applied write(const Mutation& mutation, const Record& record, const Writer& writer) {
  Record after = next(mutation, record, writer);
  // What was deleted starts anew: fields of its former life do not come back with a create that does not name them.
  const bool anew = !record.exists() || record.deleted;
  after.as_sent = anew || covers(mutation.payload, record.payload);
  after.payload = after.as_sent ? mutation.payload : overlay(record.payload, mutation.payload);
  const bool merged = !after.as_sent;
  return {.after = std::move(after), .merged = merged};
}

Applied remove(const Mutation& mutation, const Record& record, const Writer& writer) {
  Record after = next(mutation, record, writer);
  after.payload = record.payload;
  after.deleted = true;
  return {.after = std::move(after)};
}

/// The record's edit time, as far as it is past: one from a server clock that was ahead and is mended must not lock
/// everybody out until then.
std::int64_t edit_time(const Record& record, const Writer& writer) {
  return std::min(record.written_at_ms, writer.now_ms);
}

/// Last writer wins, by edit time: the outcome does not depend on who arrived first.
bool wins(const Record& record, const Writer& writer, Policy policy) {
  return policy == Policy::last_write_wins && writer.written_at_ms >= edit_time(record, writer);
}

Conflict conflict_with(const Record& record, const Mutation& mutation) {
  if (record.deleted || mutation.operation == Operation::remove) return {};
  return {.fields = field_names(changes(record.payload, mutation.payload))};
}

Outcome not_found() {
  return Rejected{.reason = std::string(protocol::reason::k_not_found)};
}

/// An update of what is deleted never brings it back: its writer decides anew. A delete has what it wanted.
Outcome resolve_update_of_tombstone(const Mutation& mutation) {
  if (mutation.base_rev) return Conflict{};
  return not_found();
}

/// Two people who wrote the same do not disagree.
bool wants_what_is(const Mutation& mutation, const Record& record) {
  return !record.deleted && mutation.operation != Operation::remove &&
         field_names(changes(record.payload, mutation.payload)).empty();
}

/// Whether `writer` itself wrote the record last, before this mutation.
bool written_by_the_same(const Mutation& mutation, const Record& record, const Writer& writer) {
  if (record.written_by != writer.client) return false;
  return !mutation.base_rev || mutation.version > record.written_version;
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

bool conflicts(const Mutation& mutation, const Record& record, const Writer& writer) {
  if (!record.exists() || written_by_the_same(mutation, record, writer)) return false;
  if (mutation.base_rev) return record.rev > *mutation.base_rev;
  // The original client says nothing of what it had seen; its create of what exists is never a conflict.
  return mutation.operation != Operation::create && writer.written_at_ms < edit_time(record, writer);
}

Outcome resolve(const Mutation& mutation, const Record& record, const Writer& writer, Policy policy) {
  const auto operation = mutation.operation;
  if (!record.exists()) return operation == Operation::create ? Outcome(write(mutation, record, writer)) : not_found();
  if (record.deleted && operation == Operation::remove) return Applied{.after = record};
  if (record.deleted && operation == Operation::update) return resolve_update_of_tombstone(mutation);
  if (conflicts(mutation, record, writer) && !wins(record, writer, policy)) {
    if (wants_what_is(mutation, record))
      return Applied{.after = record, .merged = !covers(mutation.payload, record.payload)};
    return conflict_with(record, mutation);
  }
  return operation == Operation::remove ? remove(mutation, record, writer) : write(mutation, record, writer);
}

}  // namespace tether::rules
