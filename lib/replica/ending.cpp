// SPDX-License-Identifier: MIT
#include "replica/ending.hpp"

namespace tether::replica {

Ending ending(const Answer& answer) {
  if (const auto* unreachable = std::get_if<Unreachable>(&answer)) return {End::unreachable, unreachable->reason};
  if (const auto* forbidden = std::get_if<Forbidden>(&answer)) return {End::forbidden, forbidden->reason};
  return {};
}

void note_contact(sql::Transaction& transaction, Instant now) {
  set_state(transaction, "last_sync_at", rfc3339_ms(now), now);
  // The server was reached: why it once was not explains nothing any more.
  clear_state(transaction, "last_push_reason");
}

void note_ended_early(File& file, const std::string& reason) {
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    set_state(transaction, "last_push_reason", reason, file.clock().now());
  });
}

}  // namespace tether::replica
