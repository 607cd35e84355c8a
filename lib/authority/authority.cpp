// SPDX-License-Identifier: MIT
#include "authority/authority.hpp"

#include <algorithm>
#include <iterator>

#include "authority/apply.hpp"
#include "authority/ledger.hpp"
#include "base/error.hpp"
#include "base/ulid.hpp"

namespace tether::authority {
namespace {

// After the first attempt, which takes the batch for new work, a guard fails only when another batch of the same scope
// touched the same ids or records in the same moment.
constexpr int k_attempts_max = 6;

template <typename Item>
void append(std::vector<Item>& all, std::vector<Item> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

std::size_t bytes_told(const protocol::PushReply& reply) {
  std::size_t bytes = 0;
  for (const auto& conflict : reply.conflicts) bytes += conflict.server_state.size();
  return bytes;
}

/// `all` gains the answer to the part of its request that was applied right behind.
void join(protocol::PushReply& all, protocol::PushReply part) {
  if (bytes_told(all) + bytes_told(part) > k_held_bytes_max) throw_answer_too_long();
  append(all.applied, std::move(part.applied));
  append(all.rejected, std::move(part.rejected));
  append(all.conflicts, std::move(part.conflicts));
  append(all.revs, std::move(part.revs));
  append(all.merged, std::move(part.merged));
  all.server_time_us = part.server_time_us;
  all.epoch = std::move(part.epoch);
  if (!part.cursor) return;
  if (!all.cursor) all.cursor_before = part.cursor_before;
  all.cursor = part.cursor;
}

}  // namespace

Submission::Submission(const protocol::PushRequest& from, Instant at) : request(from), received(at) {
  hashes.reserve(request.mutations.size());
  for (const auto& mutation : request.mutations) hashes.push_back(hash_of(mutation));
}

Authority::Authority(Clock& clock, Random& random, Options options)
    : clock_(clock), random_(random), options_(options) {}

std::string Authority::new_epoch() {
  const std::lock_guard lock(random_mutex_);
  return UlidSource(clock_, random_).next().text();
}

protocol::PushReply Authority::push(sql::Database& database, const Scope& scope, const protocol::PushRequest& request) {
  Submission submission(request, clock_.now());
  Submission* const alone = &submission;
  push(database, scope, {&alone, 1});
  return std::move(submission.reply);
}

void Authority::push(sql::Database& database, const Scope& scope, std::span<Submission* const> together) {
  for (int attempts = 0; attempts < k_attempts_max; ++attempts) {
    for (Submission* submission : together) submission->reply = {};
    const auto transaction = database.begin(sql::Access::write);
    Ledger ledger(*transaction, scope);
    if (apply(ledger, together, attempts == 0 ? Assume::new_work : Assume::nothing)) return transaction->commit();
  }
  throw Error(ErrorCode::busy, "others kept changing the same records", "Send it again.");
}

/// False when a guard failed. What is too large to be held in memory together is applied in parts, one after the other.
bool Authority::apply(Ledger& ledger, std::span<Submission* const> together, Assume assume) {
  const auto ended =
      Attempt(ledger, together, options_, to_us(clock_.now()), assume).run([this] { return new_epoch(); });
  if (ended != Attempted::too_much) return ended == Attempted::decided;
  if (together.size() == 1) return apply_halves(ledger, *together.front(), assume);
  return std::ranges::all_of(together, [&](Submission* const& submission) {
    return apply(ledger, {&submission, 1}, assume);
  });
}

bool Authority::apply_halves(Ledger& ledger, Submission& whole, Assume assume) {
  const std::span<const protocol::Mutation> mutations = whole.request.mutations;
  const std::size_t middle = mutations.size() / 2;
  for (const auto half : {mutations.first(middle), mutations.subspan(middle)}) {
    const protocol::PushRequest request{
        whole.request.client_id, {half.begin(), half.end()}, whole.request.sent_at_ms, whole.request.epoch};
    Submission part(request, whole.received);
    Submission* const alone = &part;
    if (!apply(ledger, {&alone, 1}, assume)) return false;
    join(whole.reply, std::move(part.reply));
  }
  return true;
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
