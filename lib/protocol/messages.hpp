// SPDX-License-Identifier: MIT
// What the two peers say, as plain structs. PROTOCOL.md describes the wire; codec.hpp turns these into text and back.
// Payload texts are JSON objects known to be valid (payload.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strong.hpp"
#include "protocol/reports.hpp"

namespace tether::protocol {

enum class Operation { create, update, remove };

/// `create`, `update`, `delete`.
std::string_view name(Operation operation);
std::optional<Operation> operation_named(std::string_view name);

struct Mutation {
  MutationId mutation_id;
  EntityId entity_id;
  ModelName model;
  Operation operation = Operation::create;
  std::string payload = "{}";
  std::int64_t version = 1;           // the client's count for that entity, from 1; orders nothing
  std::int64_t timestamp_ms = 0;      // the client's clock
  std::optional<Rev> base_rev;        // ext: the server rev that the client had seen when it wrote; 0: none
  std::optional<std::string> before;  // ext: for update, the earlier values of just the fields that changed; a field
                                      // that was not there before stands as null
  bool operator==(const Mutation&) const = default;
};

/// Reasons of a rejection, as on the wire.
namespace reason {
constexpr std::string_view k_duplicate = "duplicate";
constexpr std::string_view k_not_found = "not_found";
constexpr std::string_view k_validation_failed = "validation_failed";
constexpr std::string_view k_unknown_model = "unknown_model";
constexpr std::string_view k_forbidden = "forbidden";
constexpr std::string_view k_mutation_id_reused = "mutation_id_reused";
constexpr std::string_view k_expired = "expired";
constexpr std::string_view k_error = "error";
}  // namespace reason

struct Rejection {
  MutationId mutation_id;  // as it was sent: of a malformed mutation it may be no ULID
  std::string reason;
  std::string data = "{}";  // a JSON object
  bool operator==(const Rejection&) const = default;
};

struct PushRequest {
  ClientId client_id;
  std::vector<Mutation> mutations;
  std::optional<std::int64_t> sent_at_ms;  // ext
  std::string epoch;                       // ext: the server's, as this client knows it; empty: not yet
  std::vector<Rejection> malformed;        // of what was read: mutations that are none, and what is answered to them
  bool operator==(const PushRequest&) const = default;
};

/// Every mutation of the request is named in exactly one of applied, rejected, conflicts.
struct PushReply {
  std::vector<MutationId> applied;
  std::vector<Rejection> rejected;
  std::vector<ConflictReport> conflicts;
  std::vector<std::pair<MutationId, Rev>> revs;  // ext: the entity's rev after each applied mutation
  std::vector<MutationId> merged;                // ext: applied, but what is stored differs from the payload sent
  std::vector<LossReport> lost;                  // ext: of those, what they lost; only where something was
  std::optional<std::int64_t> server_time_us;    // ext
  std::optional<Cursor> cursor_before;  // ext: if this batch took cursor values: the scope's highest one before it, and
  std::optional<Cursor> cursor;         // the highest that it took; whatever lies between the two is this batch
  std::string epoch;     // ext; another one than the request's: the server was restored and decided nothing
  bool preview = false;  // ext: the answer to a preview; nothing was changed
  bool operator==(const PushReply&) const = default;
};

struct PullRequest {
  ClientId client_id;
  std::optional<Cursor> cursor;  // null: from the beginning
  std::optional<std::int64_t> limit;
  bool skip_own = false;          // ext: leave out rows that this client wrote, stored exactly as sent
  std::vector<ModelName> models;  // ext: only these; empty: all
  bool fresh = false;             // ext: the file is empty: leave tombstones out of a full pull
  std::optional<bool> full;       // ext: present: this client understands `reset`; true: the cursor belongs to a
                                  // full pull that is under way, so it may lie before the horizon
  std::optional<std::int64_t> horizon_us;  // ext, with full: what the first page of this full pull said
  std::string view;                        // ext, with full: what the last first page said; empty: nothing
  bool operator==(const PullRequest&) const = default;
};

struct Snapshot {
  EntityKey key;
  bool deleted = false;
  std::string payload = "{}";                 // the fields; tether_id already taken out
  std::optional<Rev> rev;                     // ext
  std::optional<std::int64_t> updated_at_us;  // ext: the row's cursor value
  std::optional<ClientId> updated_by;         // ext
  bool operator==(const Snapshot&) const = default;
};

struct PullReply {
  std::vector<Snapshot> snapshots;
  std::optional<Cursor> new_cursor;
  bool has_more = false;
  bool reset = false;  // ext
  std::string epoch;   // ext; empty when the server says none
  std::optional<std::int64_t>
      horizon_us;    // ext, on the first page of a full pull: to be said with the requests that follow
  std::string view;  // ext: names what this client may see and how it is told; to be said with all requests that follow
  std::vector<OverwriteReport> overwritten;  // ext
  bool operator==(const PullReply&) const = default;
};

/// `GET /tether/info`
struct ServerInfo {
  std::string name;
  std::string version;
  std::int64_t protocol = 0;
  std::vector<std::string> extensions;
  std::int64_t server_time_us = 0;
};

}  // namespace tether::protocol
