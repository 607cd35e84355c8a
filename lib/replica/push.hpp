// SPDX-License-Identifier: MIT
// One push: everything pending goes to the server in log order, batch by batch, and what became of each mutation is
// filed in one local transaction per batch. No transaction is open while on the wire. Killed anywhere, the next push
// sends the same ids again and gets the same answers. The caller holds the SyncLock.
//
// Two batches are on the wire at once, so that neither side waits for the other. Mutations of one record arrive in log
// order all the same: a batch goes ahead of the answer to the one before it only where the two have no record in
// common. Answers are filed in log order; one to a batch behind another that failed is not filed but asked for again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.hpp"
#include "replica/exchange.hpp"
#include "replica/file.hpp"

namespace tether::replica {

constexpr std::int64_t k_push_batch_default = 1'000;
// Attempts at a mutation that the server answers with `error`; then it is failed for good.
constexpr std::int64_t k_error_attempts_max = 3;
// A batch ends early once its text is this long, so that large records stay below the server's body limit. Where a
// server or a proxy takes less (413), batches are halved until they pass.
constexpr std::size_t k_push_bytes_max = 4 * 1024 * 1024;

// One is applied while the other travels; four made nothing faster.
constexpr std::size_t k_batches_on_the_wire_max = 2;

/// How a push or pull ended. Offline is an outcome, not a fault.
enum class End { done, unreachable, forbidden };

/// A mutation that the server, or a proxy before it, refuses for its size even alone. It stays pending, and behind it
/// what else is pending of its record, since mutations of one record keep their order; all others are sent.
struct TooLarge {
  protocol::Mutation mutation;  // the first such; without its payload
  std::size_t bytes = 0;        // of its text, about
  std::int64_t records = 0;     // how many records wait for this reason
  std::string reason;           // as the server said it
};

struct PushReport {
  End end = End::done;
  std::string reason;  // why it ended early
  std::int64_t pushed = 0;
  std::int64_t failed = 0;
  std::int64_t conflicts = 0;
  std::int64_t skipped = 0;  // answered `error` and waiting for another attempt
  std::int64_t merged = 0;   // of those that were pushed: in a merge something of them lost
  // At most 1000 of each, and 4 MiB; the log keeps all. Fields by the names of this file, conflicts without the record
  // that stands.
  std::vector<protocol::Rejection> rejections;
  std::vector<protocol::ConflictReport> conflicts_found;
  std::vector<protocol::LossReport> losses;
  std::optional<TooLarge> too_large;
};

struct PushOptions {
  std::int64_t batch = k_push_batch_default;
  std::function<void(std::int64_t done)> progress = [](std::int64_t) {};
  PushReport* so_far = nullptr;  // kept up to date with what was filed, for when the push ends in an Error
};

/// A file that was adopted and never pulled whole is pulled first. Throws Error(unexpected_reply) when the server's
/// answer makes no sense: the batch stays pending.
PushReport push(File& file, Exchange& exchange, const PushOptions& options);

}  // namespace tether::replica
