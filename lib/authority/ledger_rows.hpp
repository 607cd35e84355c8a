// SPDX-License-Identifier: MIT
// What the ledger takes and hands out, row by row.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/strong.hpp"
#include "protocol/messages.hpp"
#include "rules/mapping.hpp"
#include "rules/resolve.hpp"
#include "sql/database.hpp"

namespace tether::authority {

/// What is answered to a mutation id, now and whenever it comes again.
struct Decided {
  std::string content_hash;
  std::string outcome;  // applied | merged | conflict | a reason
  Rev rev{0};
  std::string data;  // of a conflict or rejection: what was answered; of a merge: what was lost; empty: NULL
};

/// A row to remember. All outlive the call that it is given to.
struct Decision {
  const protocol::Mutation* mutation;
  const ClientId* client;
  const Decided* decided;
};

/// Names an entity by the texts of the request that names it.
struct EntityRef {
  std::string_view model;
  std::string_view id;
  bool operator==(const EntityRef&) const = default;
};

struct EntityRefHash {
  std::size_t operator()(const EntityRef& entity) const {
    return std::hash<std::string_view>{}(entity.id) * 31 + std::hash<std::string_view>{}(entity.model);
  }
};

struct RecordChange {
  EntityRef entity;
  rules::Record record;  // as it shall be
  Rev rev_before;        // the guard: what it was decided upon
};

/// The head row of a scope.
struct ScopeHead {
  std::int64_t clock_us = 0;
  std::int64_t horizon_us = 0;
  std::int64_t forgotten_ms = 0;
  std::string epoch;
};

/// From the columns clock_us, horizon_us, forgotten_ms, epoch.
inline ScopeHead read_head(const sql::Row& row) {
  return {.clock_us = row.integer(0),
          .horizon_us = row.integer(1),
          .forgotten_ms = row.integer(2),
          .epoch = std::string(row.text(3))};
}

/// When a record was made and changed, as far as it is known.
constexpr rules::Times times(std::int64_t created_us, std::int64_t updated_us) {
  return {.created_us = created_us == 0 ? updated_us : created_us, .updated_us = updated_us};
}

/// One page row. Views die when the sink returns.
struct PageRow {
  std::string_view model;
  std::string_view entity_id;
  bool deleted;
  std::string_view payload;
  Rev rev;
  std::int64_t updated_us;
  std::string_view written_by;
  bool as_sent;
  std::int64_t created_us;
};

}  // namespace tether::authority
