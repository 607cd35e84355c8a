// SPDX-License-Identifier: MIT
// The server's truth: applies batches exactly once, serves pages in commit order. Stateless: all state is in the
// database that each call is given. One Authority serves all threads; a Database belongs to one call at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/strong.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"
#include "sql/database.hpp"

namespace tether::authority {

struct Options {
  bool strict_duplicates = false;  // an id applied before is answered `duplicate` instead of standing in `applied`
  protocol::Limits limits;
};

/// One client's batch, and what it is answered once it is applied.
struct Submission {
  /// `received`: when the request began to arrive. What it waits for afterwards is not its client's clock being wrong.
  Submission(const protocol::PushRequest& request, Instant received);
  const protocol::PushRequest& request;
  Instant received;
  std::vector<std::string> hashes;  // of each mutation's content; made before anything is locked
  protocol::PushReply reply;
};

enum class Assume;
class Ledger;

class Authority {
 public:
  /// `clock` and `random` outlive the authority; `random` is used under a lock.
  Authority(Clock& clock, Random& random, Options options);

  /// Decides and commits a batch; when it returns, everything is durable. Every mutation is answered exactly once, in
  /// the array that it belongs to. A fault leaves nothing of the batch behind and is thrown.
  /// `too_large`: what is to be answered does not fit into memory; fewer mutations do.
  protocol::PushReply push(sql::Database& database, const Scope& scope, const protocol::PushRequest& request);
  /// The same for several batches, one after the other, in one transaction: all of them, or none.
  void push(sql::Database& database, const Scope& scope, std::span<Submission* const> together);

  /// One page as the text of its reply, and what the service tells of it.
  struct Page {
    std::string text;
    std::int64_t rows = 0;
    std::optional<Cursor> cursor;  // that the client has when it has filed the page
  };
  Page pull(sql::Database& database, const Scope& scope, const protocol::PullRequest& request);

  struct Compacted {
    std::int64_t tombstones = 0;
    std::int64_t mutations = 0;
  };
  /// Forgets tombstones and mutation ids older than `keep`, in every scope, a scope per transaction; moves the
  /// horizons.
  Compacted compact(sql::Database& database, std::chrono::milliseconds keep);

 private:
  bool apply(Ledger& ledger, std::span<Submission* const> together, Assume assume);
  bool apply_halves(Ledger& ledger, Submission& whole, Assume assume);
  std::string new_epoch();
  Clock& clock_;
  Random& random_;
  std::mutex random_mutex_;
  Options options_;
};

}  // namespace tether::authority
