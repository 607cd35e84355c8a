// SPDX-License-Identifier: MIT
#include "replica/restored.hpp"

#include "replica/incoming.hpp"

namespace tether::replica {
namespace {

// Present: what was acknowledged has not been offered to the restored server yet.
constexpr std::string_view k_push_first = "push_first";

}  // namespace

bool start_over(File& file, const std::string& epoch) {
  const Instant now = file.clock().now();
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    const bool anything = requeue_acknowledged(transaction, now) > 0;
    if (anything) set_state(transaction, k_push_first, "1", now);
    clear_state(transaction, "last_sync_cursor");
    clear_state(transaction, "full_pull");
    set_state(transaction, "epoch", epoch, now);
    return anything;
  });
}

bool must_push_first(sql::Transaction& transaction) {
  return state(transaction, k_push_first).has_value();
}

void pulls_may_go_on(File& file) {
  const bool waiting = sql::in_transaction(file.database(), sql::Access::read, must_push_first);
  if (!waiting) return;
  sql::in_transaction(file.database(), sql::Access::write,
                      [](sql::Transaction& transaction) { clear_state(transaction, k_push_first); });
}

}  // namespace tether::replica
