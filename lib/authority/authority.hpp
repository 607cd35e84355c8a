// SPDX-License-Identifier: MIT
// The server's truth: applies batches exactly once, serves pages in commit order. Stateless: all state is in the
// database that each call is given. One Authority serves all threads; a Database belongs to one call at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "authority/verdict_book.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/strong.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"
#include "rules/model.hpp"
#include "sql/database.hpp"

namespace tether::authority {

struct Options {
  bool strict_duplicates = false;  // an id applied before is answered `duplicate` instead of standing in `applied`
  protocol::Limits limits;
};

/// One client's batch, and what it is answered once it is applied.
struct Submission {
  /// `received`: when the request began to arrive. What it waits for afterwards is not its client's clock being wrong.
  /// `claims`: what is known for certain of the client, the text of an object; it outlives the submission.
  Submission(const protocol::PushRequest& request, Instant received, std::string_view claims = "{}");
  const protocol::PushRequest& request;
  Instant received;
  std::string_view claims;
  std::vector<std::string> hashes;        // of each mutation's content; made before anything is locked
  std::shared_ptr<VerdictBook> verdicts;  // what programs said of its mutations
  protocol::PushReply reply;
};

enum class Attempted;
struct Terms;
class Judge;
class Ledger;

class Authority {
 public:
  /// All outlive the authority; `random` is used under a lock. Without a judge, whatever a program should decide is
  /// answered `error`.
  Authority(Clock& clock, Random& random, Options options, Judge* judge = nullptr);

  /// From now on; what is under way keeps the models that it began with.
  void use(std::shared_ptr<const rules::Models> models);

  /// Decides and commits a batch; when it returns, everything is durable. Every mutation is answered exactly once, in
  /// the array that it belongs to. A fault leaves nothing of the batch behind and is thrown.
  /// `too_large`: what is to be answered does not fit into memory; fewer mutations do.
  protocol::PushReply push(sql::Database& database, const Scope& scope, const protocol::PushRequest& request);
  /// The same for several batches, one after the other, in one transaction: all of them, or none. False: programs have
  /// to be asked first, the questions stand in the verdict books of some, and nothing was written.
  bool push(sql::Database& database, const Scope& scope, std::span<Submission* const> together);
  /// Opens the questions that mappers will be asked about a batch in any case.
  void foresee_questions(Submission& submission);
  /// Puts what is open. Takes as long as programs take: to be called where nobody waits, with no connection at hand.
  void ask(Submission& submission);
  /// Fills the reply with what would become of the batch now, and changes nothing. `too_large` and false like push.
  bool preview(sql::Database& database, const Scope& scope, Submission& submission);

  /// One page as the text of its reply, and what the service tells of it.
  struct Page {
    std::string text;
    std::int64_t rows = 0;
    std::optional<Cursor> cursor;  // that the client has when it has filed the page
    bool is_revoked = false;       // the client was shut out: there is no page for it
  };
  Page pull(sql::Database& database, const Scope& scope, const protocol::PullRequest& request,
            std::string_view claims = "{}");

  struct Compacted {
    std::int64_t tombstones = 0;
    std::int64_t mutations = 0;
  };
  /// Forgets tombstones and mutation ids older than `keep`, in every scope, in steps between which others write. The
  /// horizons are moved before: interrupted anywhere, all is right, and another time forgets the rest.
  Compacted compact(sql::Database& database, std::chrono::milliseconds keep);

 private:
  Attempted apply(Ledger& ledger, std::span<Submission* const> together, const Terms& terms);
  Attempted apply_halves(Ledger& ledger, Submission& whole, const Terms& terms);
  bool may_ask(std::span<Submission* const> together, Instant now) const;
  std::shared_ptr<const rules::Models> models();
  Compacted forget(sql::Database& database, const Scope& scope, std::int64_t before_us);
  std::string new_epoch();
  Clock& clock_;
  Random& random_;
  std::mutex random_mutex_;
  Options options_;
  Judge* judge_;
  std::mutex models_mutex_;
  std::shared_ptr<const rules::Models> models_;
};

}  // namespace tether::authority
