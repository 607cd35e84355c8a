// SPDX-License-Identifier: MIT
// What a push would do, asked of the server. Nothing changes, neither in the file nor on the server: it reads only, and
// needs no SyncLock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "replica/exchange.hpp"
#include "replica/file.hpp"
#include "replica/push.hpp"

namespace tether::replica {

/// What would become of one mutation.
struct Foreseen {
  enum class Kind { applied, merged, conflict, rejected, undecided };
  MutationId mutation_id;
  EntityKey key;
  protocol::Operation operation = protocol::Operation::create;
  Kind kind = Kind::applied;
  std::string reason;               // of rejected and undecided
  std::string data;                 // of rejected, undecided and conflict, as the log would keep it
  std::string lost;                 // of merged: what would be lost, as the log would keep it; empty: nothing
  std::vector<std::string> fields;  // of conflict: those that would differ; of merged: those that would be lost
  bool theirs_deleted = false;      // of conflict
};

/// `applied`, `merged`, …
std::string_view name(Foreseen::Kind kind);

struct PreviewReport {
  End end = End::done;
  std::string reason;            // why it ended early
  std::int64_t pending = 0;      // what a push would send
  std::vector<Foreseen> asked;   // in log order
  bool server_restored = false;  // then a push first sends again what the server had, and nothing else can be told
};

struct PreviewOptions {
  std::int64_t mutations_max = 0;
};

/// Asks in one request, since a second would be decided as if the first had not been: as much of what is pending, in
/// log order, as one may hold, halved while it is refused for its size. What is in `asked` is told as a push would do
/// it; what lies behind is not asked. Throws NoPreview, and Error(unexpected_reply) where the answer is no preview.
PreviewReport preview(File& file, Exchange& exchange, const PreviewOptions& options);

}  // namespace tether::replica
