// SPDX-License-Identifier: MIT
// The pending mutations as batches, in log order, and a server's reply matched against the batch that it answers.
// Internal to lib/replica; what becomes of the outcomes is filing.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/messages.hpp"
#include "rules/field_mapping.hpp"
#include "sql/database.hpp"

namespace tether::replica {

/// Where a mutation of a batch stands in the log.
struct Place {
  std::int64_t log_id = 0;
  std::int64_t retry_count = 0;
  bool acknowledged_before = false;  // back in the queue because the server was restored from a backup
};

struct Batch {
  protocol::PushRequest request;  // as it is sent; client_id and sent_at are for the sender to fill in
  std::vector<Place> places;      // one per mutation
  std::unordered_map<std::size_t, protocol::Mutation>
      recorded;              // of those that are sent otherwise, as the log has them
  std::size_t bytes = 0;     // of its text, about
  std::int64_t staying = 0;  // updates that were passed over, as they are of fields that stay here
  bool empty() const { return places.empty(); }
  /// As the log has it.
  const protocol::Mutation& mutation(std::size_t i) const {
    const auto found = recorded.find(i);
    return found == recorded.end() ? request.mutations[i] : found->second;
  }
};

/// How much a batch may hold.
struct BatchLimits {
  std::int64_t count = 0;
  std::size_t bytes = 0;     // of text, but at least one mutation where there is one
  std::set<EntityKey> held;  // entities whose mutations stay where they are
};

/// Pending mutations after log id `after`, without those of which nothing is to be sent.
Batch read_batch(sql::Transaction& transaction, std::int64_t after, const BatchLimits& limits);

/// Of the record that a mutation changes. Two records may have the same one.
std::size_t entity_hash(std::string_view model, std::string_view entity_id);
std::size_t entity_hash(const protocol::Mutation& mutation);

/// Whether both have a mutation of the same record; where hashes meet by chance also when they have not.
bool share_a_record(const Batch& one, const Batch& other);

/// What the server said of one mutation. Points into the reply.
struct Outcome {
  enum class Kind {
    unanswered,
    applied,       // what is stored is what was sent; so is `duplicate`
    merged,        // applied, but what is stored differs
    known_before,  // the server acknowledged it once and cannot say more (`expired`, after a restore from a backup)
    rejected,      // decided against, or `error`
    conflict
  } kind = Kind::unanswered;
  std::optional<Rev> rev;  // of applied and merged, where the server says it; 0: a duplicate of unknown rev
  const protocol::Rejection* rejection = nullptr;    // of rejected
  const protocol::ConflictReport* report = nullptr;  // of conflict
  const protocol::LossReport* loss = nullptr;        // of what took effect, where a merge left something out
};

/// One per mutation, in their order. Throws Error(unexpected_reply) unless each mutation is answered exactly once, and
/// nothing else is.
std::vector<Outcome> matched(const Batch& batch, const protocol::PushReply& reply);

/// `loss` by the names of this file; without a mapping they are those of the wire.
protocol::LossReport named_here(protocol::LossReport loss, const rules::FieldMapping* mapping);
protocol::ConflictReport named_here(protocol::ConflictReport report, const rules::FieldMapping* mapping);
protocol::Rejection named_here(protocol::Rejection rejection, const rules::FieldMapping* mapping);

}  // namespace tether::replica
