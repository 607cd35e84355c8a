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

/// The answer to two halves of one request.
protocol::PushReply joined(protocol::PushReply first, protocol::PushReply second) {
  if (bytes_told(first) + bytes_told(second) > k_held_bytes_max) throw_answer_too_long();
  append(first.applied, std::move(second.applied));
  append(first.rejected, std::move(second.rejected));
  append(first.conflicts, std::move(second.conflicts));
  append(first.revs, std::move(second.revs));
  append(first.merged, std::move(second.merged));
  first.server_time_us = second.server_time_us;
  first.epoch = second.epoch;
  if (!first.cursor) first.cursor_before = second.cursor_before;
  // Whatever lies between what the two took is somebody else's: then nothing can be said of both.
  const bool adjoining = !first.cursor || !second.cursor_before || first.cursor == second.cursor_before;
  if (second.cursor) first.cursor = second.cursor;
  if (!adjoining) first.cursor_before = first.cursor = std::nullopt;
  return first;
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
  return push_alone(database, scope, request, clock_.now());
}

protocol::PushReply Authority::push_alone(sql::Database& database, const Scope& scope,
                                          const protocol::PushRequest& request, Instant received) {
  Submission submission(request, received);
  Submission* const alone = &submission;
  push(database, scope, {&alone, 1});
  return std::move(submission.reply);
}

void Authority::push(sql::Database& database, const Scope& scope, std::span<Submission* const> together) {
  for (int attempts = 0; attempts < k_attempts_max; ++attempts) {
    switch (attempt(database, scope, together, attempts == 0 ? Assume::new_work : Assume::nothing)) {
      case Attempted::decided:
        return;
      case Attempted::overtaken:
        break;
      case Attempted::too_much:
        return push_in_parts(database, scope, together);
    }
  }
  throw Error(ErrorCode::busy, "others kept changing the same records", "Send it again.");
}

Attempted Authority::attempt(sql::Database& database, const Scope& scope, std::span<Submission* const> together,
                             Assume assume) {
  for (Submission* submission : together) submission->reply = {};
  const auto transaction = database.begin(sql::Access::write);
  Ledger ledger(*transaction, scope);
  const auto ended =
      Attempt(ledger, together, options_, to_us(clock_.now()), assume).run([this] { return new_epoch(); });
  if (ended == Attempted::decided) transaction->commit();
  return ended;
}

/// A part that is done stays done when a later one fails: whoever sends all of it again is answered the same.
void Authority::push_in_parts(sql::Database& database, const Scope& scope, std::span<Submission* const> together) {
  if (together.size() > 1) {
    for (Submission* const& submission : together) push(database, scope, {&submission, 1});
    return;
  }
  const protocol::PushRequest& whole = together.front()->request;
  protocol::PushRequest part{whole.client_id, {}, whole.sent_at_ms, whole.epoch};
  const auto middle = whole.mutations.begin() + std::ssize(whole.mutations) / 2;
  part.mutations.assign(whole.mutations.begin(), middle);
  const Instant received = together.front()->received;
  protocol::PushReply first = push_alone(database, scope, part, received);
  part.mutations.assign(middle, whole.mutations.end());
  together.front()->reply = joined(std::move(first), push_alone(database, scope, part, received));
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
