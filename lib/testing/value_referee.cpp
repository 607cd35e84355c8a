// SPDX-License-Identifier: MIT
#include "testing/value_referee.hpp"

#include <algorithm>
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"

namespace tether::testing {
namespace {

using protocol::Mutation;
using protocol::Operation;

std::string value_of(std::string_view payload, std::string_view field) {
  return std::string(protocol::find_member(payload, field));
}

/// The fields that it says to have changed.
std::vector<std::string> changed_fields(const Mutation& mutation) {
  return rules::field_names(mutation.before ? *mutation.before : mutation.payload);
}

bool names(const Mutation& mutation, const std::string& field) {
  const std::vector<std::string> fields = changed_fields(mutation);
  return std::ranges::find(fields, field) != fields.end();
}

bool is_refused(const protocol::PushReply& reply, const MutationId& id) {
  return std::ranges::find(reply.conflicts, id, &protocol::ConflictReport::mutation_id) != reply.conflicts.end() ||
         std::ranges::find(reply.rejected, id, &protocol::Rejection::mutation_id) != reply.rejected.end();
}

bool is_lost(const protocol::PushReply& reply, const MutationId& id, const std::string& field) {
  return std::ranges::any_of(reply.lost, [&](const protocol::LossReport& loss) {
    return loss.mutation_id == id && std::ranges::find(loss.fields, field) != loss.fields.end();
  });
}

}  // namespace

void ValueReferee::saw(const std::string& mutation_id, const std::string& client, const std::set<std::string>& values) {
  written_[mutation_id] = {client, values};
}

void ValueReferee::hear(const Mutation& mutation, const protocol::PushReply& reply, ServerRecord after) {
  Written& written = written_.at(mutation.mutation_id.value);
  written.operation = mutation.operation;
  for (const std::string& field : changed_fields(mutation)) {
    owners_[value_of(mutation.payload, field)] = written.client;
  }
  const ServerRecord before = std::exchange(record_, std::move(after));
  find_replaced(mutation, before, record_);
  find_stale(mutation, before, record_);
  if (record_.rev != before.rev) last_edits_[written.client] = record_.rev;
  find_refused(mutation, reply, record_);
}

void ValueReferee::find_replaced(const Mutation& mutation, const ServerRecord& before, const ServerRecord& after) {
  const Written& by = written_.at(mutation.mutation_id.value);
  if (before.deleted && !after.deleted) {
    replace(death(before.rev), mutation, /*says_otherwise=*/false);
    revived_[mutation.mutation_id.value] = death(before.rev);
  }
  if (after.deleted && !before.deleted) owners_[death(after.rev)] = by.client;
  for (const std::string& field : rules::field_names(before.payload)) {
    const std::string value = value_of(before.payload, field);
    const bool stands = before.deleted || (!after.deleted && value_of(after.payload, field) == value);
    if (stands) continue;
    const std::string said = mutation.before ? value_of(*mutation.before, field) : "";
    replace(value, mutation, !said.empty() && said != value);
  }
}

void ValueReferee::replace(const std::string& value, const Mutation& mutation, bool says_otherwise) {
  const Written& by = written_.at(mutation.mutation_id.value);
  const std::string& owner = owners_[value];
  const bool unseen = owner != by.client && !by.seen.contains(value);
  if (unseen) replaced_.push_back({value, owner, mutation.mutation_id.value});
  const bool edited_since = mutation.base_rev && last_edits_[owner] > mutation.base_rev->value;
  gone_[mutation.mutation_id.value + value] = {owner, unseen || says_otherwise || edited_since};
}

/// A field comes to no value but that which is named as changed in that very edit, where edits are taken field by
/// field. What is brought back to life has the values that it had.
void ValueReferee::find_stale(const Mutation& mutation, const ServerRecord& before, const ServerRecord& after) {
  if (after.deleted) return;
  const bool begins_anew = before.deleted && mutation.operation == Operation::create;
  for (const std::string& field : rules::field_names(after.payload)) {
    const std::string value = value_of(after.payload, field);
    if (!begins_anew && value == value_of(before.payload, field)) continue;
    const bool was_sent = value_of(mutation.payload, field) == value;
    if (was_sent && names(mutation, field)) continue;
    if (!was_sent || !whole_records_) complain(value + " came back with " + mutation.mutation_id.value);
    owners_[value] = written_.at(mutation.mutation_id.value).client;
  }
}

void ValueReferee::find_refused(const Mutation& mutation, const protocol::PushReply& reply, const ServerRecord& after) {
  const MutationId& id = mutation.mutation_id;
  const bool refused = is_refused(reply, id);
  if (mutation.operation == Operation::remove && !after.deleted && !refused)
    complain("nobody says that " + id.value + " deleted nothing");
  if (mutation.operation == Operation::remove) return;
  for (const std::string& field : changed_fields(mutation)) {
    const std::string value = value_of(mutation.payload, field);
    if (!after.deleted && value_of(after.payload, field) == value) continue;
    if (!refused && !is_lost(reply, id, field))
      complain(value + " was not taken, and " + id.value + " is answered as if");
    refused_.push_back({value, written_.at(id.value).client, id.value});
  }
}

void ValueReferee::look_at_overwritten(const authority::Loss& loss, std::set<std::string>& found) {
  const Written& by = written_.at(loss.mutation_id.value);
  if (loss.won_by.value != by.client) complain(loss.mutation_id.value + " is said to be of " + loss.won_by.value);
  for (const std::string& value : values_of(loss)) {
    found.insert(loss.mutation_id.value + value);
    const auto gone = gone_.find(loss.mutation_id.value + value);
    if (gone == gone_.end()) {
      complain(value + " is listed as overwritten by " + loss.mutation_id.value + ", which did not");
    } else if (gone->second.owner != loss.written_by.value) {
      complain(value + " is listed as of " + loss.written_by.value);
    } else if (by.operation == Operation::update && !gone->second.may_be_listed) {
      complain(value + " is listed as overwritten by " + loss.mutation_id.value + ", which had seen it");
    }
  }
}

/// What was overwritten. Of what was deleted, the delete.
std::vector<std::string> ValueReferee::values_of(const authority::Loss& loss) const {
  if (loss.deleted) return {revived_.at(loss.mutation_id.value)};
  std::vector<std::string> values;
  for (const std::string_view element : rules::elements(loss.detail)) {
    values.push_back(value_of(loss.payload, rules::text_value(element).value_or("")));
  }
  return values;
}

void ValueReferee::look_at_losses(const std::vector<authority::Loss>& losses) {
  std::set<std::string> overwritten;
  for (const authority::Loss& loss : losses) {
    if (loss.why == "overwritten") look_at_overwritten(loss, overwritten);
  }
  for (const Lost& lost : replaced_) {
    if (overwritten.contains(lost.mutation_id + lost.value)) continue;
    complain(lost.value + " was replaced by " + lost.mutation_id + ", which had not seen it, and is not listed");
  }
  for (const Lost& lost : refused_) {
    const auto is_it = [&](const authority::Loss& loss) {
      return loss.why != "overwritten" && loss.mutation_id.value == lost.mutation_id &&
             loss.written_by.value == lost.owner && loss.payload.find(lost.value) != std::string::npos;
    };
    if (std::ranges::none_of(losses, is_it)) complain(lost.value + " was never taken, and is not listed");
  }
}

void ValueReferee::look_at_log(const std::string& client, const std::vector<replica::LogEntry>& log) {
  for (const Lost& lost : replaced_) {
    const bool is_delete = !lost.value.starts_with('"');
    const std::string_view told = is_delete ? std::string_view(R"("deleted":true)") : std::string_view(lost.value);
    const auto is_told = [&](const replica::LogEntry& entry) {
      return entry.overwritten.find(told) != std::string::npos;
    };
    if (lost.owner == client && std::ranges::none_of(log, is_told))
      complain(client + " was not told that " + lost.value + " was overwritten");
  }
  for (const Lost& lost : refused_) {
    const auto is_told = [&](const replica::LogEntry& entry) {
      return entry.mutation.mutation_id.value == lost.mutation_id &&
             (entry.sync_status == "conflict" || entry.sync_status == "failed" ||
              entry.lost.find(lost.value) != std::string::npos);
    };
    if (lost.owner == client && std::ranges::none_of(log, is_told))
      complain(client + " was not told that " + lost.value + " was not taken");
  }
}

}  // namespace tether::testing
