// SPDX-License-Identifier: MIT
#include "replica/restored.hpp"

#include "replica/incoming.hpp"

namespace tether::replica {

void start_over(File& file, const std::string& epoch) {
  const Instant now = file.clock().now();
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    requeue_acknowledged(transaction, to_ms(now));
    clear_state(transaction, "last_sync_cursor");
    clear_state(transaction, "full_pull");
    set_state(transaction, "epoch", epoch, now);
  });
}

}  // namespace tether::replica
