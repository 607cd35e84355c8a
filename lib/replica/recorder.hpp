// SPDX-License-Identifier: MIT
// Writes: every create, update and delete becomes one log row and one new local state, in one transaction. Nothing here
// ever waits for a network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong.hpp"
#include "protocol/messages.hpp"
#include "replica/file.hpp"

namespace tether::replica {

struct Recorded {
  MutationId mutation_id;
  EntityKey key;
  protocol::Operation operation;
  std::int64_t version;
};

/// Records within one transaction, which the caller begins and commits (`--stdin` commits every --batch lines). A
/// record whose payload after the edit is over protocol::Limits::payload_bytes_max is Error(too_large), and nothing is
/// written.
class Recorder {
 public:
  Recorder(File& file, sql::Transaction& transaction) : file_(file), transaction_(transaction) {}

  /// Fields are the text of a valid JSON object (check_object is the caller's business); a field named tether_id is
  /// Error(invalid_input). Without `id` a ULID is made. Creating what exists is an update of it
  /// (nullopt when it changes nothing); creating what was deleted brings it back.
  std::optional<Recorded> create(const ModelName& model, const std::optional<EntityId>& id, std::string_view fields);
  /// `fields` names only what changes; nullopt when nothing does. Throws Error(not_found) for an unknown or deleted
  /// entity.
  std::optional<Recorded> update(const EntityKey& key, std::string_view fields);
  /// Throws Error(not_found) for an unknown or already deleted entity.
  Recorded remove(const EntityKey& key);

 private:
  File& file_;
  sql::Transaction& transaction_;
};

}  // namespace tether::replica
