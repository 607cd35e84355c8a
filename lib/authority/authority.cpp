// SPDX-License-Identifier: MIT
#include "authority/authority.hpp"

#include <algorithm>

#include "authority/apply.hpp"
#include "authority/ledger.hpp"
#include "base/error.hpp"
#include "base/ulid.hpp"

namespace tether::authority {
namespace {

// After the first attempt, which takes the batch for new work, a guard fails only when another batch of the same scope
// touched the same ids or records in the same moment.
constexpr int k_attempts_max = 6;

}  // namespace

Authority::Authority(Clock& clock, Random& random, Options options)
    : clock_(clock), random_(random), options_(options) {}

std::string Authority::new_epoch() {
  const std::lock_guard lock(random_mutex_);
  return UlidSource(clock_, random_).next().text();
}

protocol::PushReply Authority::push(sql::Database& database, const Scope& scope, const protocol::PushRequest& request) {
  std::vector<std::string> hashes;  // before the lock is taken
  hashes.reserve(request.mutations.size());
  for (const auto& mutation : request.mutations) hashes.push_back(hash_of(mutation));
  for (int attempts = 0; attempts < k_attempts_max; ++attempts) {
    const Assume assume = attempts == 0 ? Assume::new_work : Assume::nothing;
    const auto transaction = database.begin(sql::Access::write);
    Ledger ledger(*transaction, scope);
    Attempt attempt(ledger, request, hashes, options_, to_us(clock_.now()), assume);
    if (!attempt.run([this] { return new_epoch(); })) continue;  // rolled back
    transaction->commit();
    return std::move(attempt).take_reply();
  }
  throw Error(ErrorCode::busy, "others kept changing the same records; nothing of the batch was kept",
              "Send it again.");
}

Authority::Compacted Authority::compact(sql::Database& database, std::chrono::milliseconds keep) {
  const Instant now = clock_.now();
  const std::int64_t before_us = to_us(now) - std::min<std::int64_t>(keep.count(), to_ms(now)) * 1000;
  const auto all = sql::in_transaction(database, sql::Access::read,
                                       [](sql::Transaction& transaction) { return scopes(transaction); });
  Compacted compacted;
  for (const Scope& scope : all) {
    const auto forgotten = sql::in_transaction(database, sql::Access::write, [&](sql::Transaction& transaction) {
      return Ledger(transaction, scope).forget(before_us);
    });
    compacted.tombstones += forgotten.tombstones;
    compacted.mutations += forgotten.mutations;
  }
  return compacted;
}

}  // namespace tether::authority
