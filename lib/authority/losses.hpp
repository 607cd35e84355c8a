// SPDX-License-Identifier: MIT
// Every value that lost: what was refused, what a merge left out, what an edit took the place of without its writer
// having seen it. With who wrote it, when, and why it lost. Kept until `compact` forgets it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/strong.hpp"
#include "protocol/messages.hpp"
#include "rules/resolve.hpp"
#include "sql/database.hpp"

namespace tether::authority {

/// What a mutation took the place of that its writer had not seen. All outlive the call that it is given to.
struct Overwritten {
  const protocol::Mutation* by;
  const ClientId* client;
  rules::Authors shares;  // of the fields that lost
  bool by_program;
  rules::Record record;  // as it was
};

/// How many places in the order of changes these take: one for each who lost something.
std::int64_t places(std::span<const Overwritten> overwritten);

/// With one statement, or with two where somebody lost who was not the record's last writer, in the transaction that
/// does it. The places are values of the scope's clock from `first_us` on that nothing else has.
void keep_overwritten(sql::Transaction& transaction, const Scope& scope, std::span<const Overwritten> overwritten,
                      std::int64_t decided_us, std::int64_t first_us);

struct Loss {
  std::int64_t decided_us = 0;
  ModelName model;
  EntityId entity_id;
  std::string why;      // `conflict`, the reason of a rejection, `merged` or `overwritten`
  std::string detail;   // JSON: what was answered to the writer; of `overwritten` the names of the fields
  std::string payload;  // what was sent, or what stood in the record
  ClientId written_by;  // whose values they are
  std::int64_t written_ms = 0;
  MutationId mutation_id;   // that lost; of `overwritten` the one that won
  ClientId won_by;          // whose values stand instead; empty where a rule refused it, or it was kept without that
  std::int64_t won_us = 0;  // when the server took those; 0: not known
  bool by_program = false;  // a program of the server decided it
  bool deleted = false;     // of `overwritten`: what lost is that `written_by` had deleted the record
};

/// Which of them; an empty name means all. `entity_id` only with `model`.
struct LossFilter {
  Scope scope;
  ModelName model;
  EntityId entity_id;
};

/// Of an overwritten value, what its writer may be told beside the loss.
struct Untold {
  Loss loss;
  std::int64_t order_us = 0;
  std::int64_t written_version = 0;   // its writer's count for the entity
  std::optional<std::string> stands;  // the payload of the record as it is now; of a deleted one the last. None: it is
                                      // forgotten
};

/// What was overwritten of `writer`'s behind `after` and up to `last`, in order, until the sink wants no more. A few at
/// a time: records are large.
void overwritten_of(sql::Transaction& transaction, const Scope& scope, const ClientId& writer, Cursor after,
                    Cursor last, const std::function<bool(const Untold&)>& wants_more);

/// In how many scopes but this one something lost.
std::int64_t other_scopes_with_losses(sql::Transaction& transaction, const Scope& scope);

/// Oldest first, as they are read: their number is unbounded.
void losses(sql::Transaction& transaction, const LossFilter& filter, const std::function<void(const Loss&)>& found);

/// Of the winning mutations `after` < id <= `last`, what was kept before `before_us`.
void forget_overwritten(sql::Transaction& transaction, const Scope& scope, std::string_view after,
                        std::string_view last, std::int64_t before_us);

}  // namespace tether::authority
