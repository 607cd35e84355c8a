// SPDX-License-Identifier: MIT
#include "replica/push.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "protocol/codec.hpp"
#include "replica/ending.hpp"
#include "replica/filing.hpp"
#include "replica/outbound_mapping.hpp"
#include "replica/outbox.hpp"
#include "replica/repeatable_writes.hpp"
#include "replica/restored.hpp"

namespace tether::replica {
namespace {

// Left behind by the original client when it was killed while on the wire; it is safe to send them again.
constexpr sql::Statement k_has_syncing{
    "SELECT 1 FROM tether_mutation_logs WHERE sync_status = 'syncing' AND sync_status <> 'synced' LIMIT 1"};
constexpr sql::Statement k_requeue_syncing{
    "UPDATE tether_mutation_logs SET sync_status = 'pending' "
    "WHERE sync_status = 'syncing' AND sync_status <> 'synced'"};

// It stays pending; `status` tells why.
constexpr sql::Statement k_note_too_large{
    "UPDATE tether_mutation_logs SET rejection_reason = 'too_large', rejection_data = NULL, updated_at = $2 "
    "WHERE id = $1 AND sync_status = 'pending'"};

bool any_known_before(const std::vector<Outcome>& outcomes) {
  return std::ranges::find(outcomes, Outcome::Kind::known_before, &Outcome::kind) != outcomes.end();
}

/// What a server or a proxy refused with 413, or answered at greater length than is taken in.
struct Refused {
  std::string reason;
};

/// While a batch is on the wire, the outcomes of the one before it are filed and the one after it is read. The
/// reply to a batch arrives before the next is sent, so the server sees them in log order; killed before filing, it is
/// sent again.
class Session {
 public:
  Session(File& file, Exchange& exchange, const PushOptions& options, PushReport& report)
      : file_(file), exchange_(exchange), options_(options), report_(report) {
    limits_.count = options.batch;
    limits_.bytes = k_push_bytes_max;
  }

  /// The new epoch of a server that was restored; empty when there is nothing to do again.
  std::string run() {
    Batch next = begin();
    while (!next.empty()) {
      Batch sent = std::exchange(next, {});
      const std::variant<Answer, Refused> answer = send(sent, next);
      // What was sent behind a batch that a restored server refused was refused like it.
      if (!restored_.empty()) return restored_;
      if (const auto* refused = std::get_if<Refused>(&answer)) {
        next = smaller(sent, refused->reason);
        continue;
      }
      const auto* reply = std::get_if<Reply>(&std::get<Answer>(answer));
      if (reply == nullptr) {
        end_early(ending(std::get<Answer>(answer)));
        if (report_.end == End::forbidden) pulls_may_go_on(file_, exchange_);
        return {};
      }
      answered_ = {std::move(sent), reply->body};
    }
    file_answered();
    if (restored_.empty()) pulls_may_go_on(file_, exchange_);
    return restored_;
  }

 private:
  /// The first batch; without one, nothing is asked of the server and nothing is written.
  Batch begin() {
    bool syncing = false;
    Batch first = sql::in_transaction(file_.database(), sql::Access::read, [&](sql::Transaction& transaction) {
      transaction.run(k_has_syncing, {}, [&](const sql::Row&) { syncing = true; });
      filing_.emplace(transaction);
      epoch_ = state(transaction, "epoch").value_or("");
      return read_batch(transaction, 0, limits_);
    });
    if (!syncing) return first;
    return sql::in_transaction(file_.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      transaction.run(k_requeue_syncing, {});
      return read_batch(transaction, 0, limits_);
    });
  }

  Batch read_after(std::int64_t log_id) {
    return sql::in_transaction(file_.database(), sql::Access::read,
                               [&](sql::Transaction& transaction) { return read_batch(transaction, log_id, limits_); });
  }

  /// Meanwhile the batch before it is filed, and `next`, the one behind it, is read.
  std::variant<Answer, Refused> send(Batch& sent, Batch& next) {
    sent.request.client_id = file_.client_id();
    sent.request.epoch = epoch_;
    const auto body = [&] {
      // The server takes the time between this and its arrival for the error of our clock.
      sent.request.sent_at_ms = to_ms(file_.clock().now());
      return protocol::encode(sent.request);
    };
    const auto meanwhile = [&] {
      file_answered();
      next = read_after(sent.places.back().log_id);
    };
    try {
      return exchange_.ask(Call::push, body, meanwhile);
    } catch (const ReplyTooLong& fault) {
      // Of one mutation no server answers so much: it is none of ours.
      if (sent.places.size() == 1) throw;
      return Refused{fault.what()};
    } catch (const Error& refusal) {
      if (refusal.code() != ErrorCode::too_large) throw;
      return Refused{refusal.what()};
    }
  }

  /// What to send instead of a batch that was refused for its size: half of it; of one mutation, what lies behind it.
  /// The limit is above half of what it refused, so batches do not become much smaller than they must.
  Batch smaller(const Batch& refused, const std::string& reason) {
    if (refused.places.size() > 1) {
      limits_.bytes = refused.bytes / 2;
      return read_after(refused.places.front().log_id - 1);
    }
    hold_back(refused, reason);
    return read_after(refused.places.front().log_id);
  }

  void hold_back(const Batch& refused, const std::string& reason) {
    const protocol::Mutation& mutation = refused.request.mutations.front();
    limits_.held.insert({mutation.model, mutation.entity_id});
    if (!report_.too_large) report_.too_large = TooLarge{mutation, refused.bytes, 0, reason};
    report_.too_large->mutation.payload = "{}";
    report_.too_large->mutation.before.reset();
    ++report_.too_large->records;
    sql::in_transaction(file_.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      transaction.run(k_note_too_large, {refused.places.front().log_id, rfc3339_ms(file_.clock().now())});
    });
    if (options_.so_far != nullptr) *options_.so_far = report_;
  }

  void file_answered() {
    if (answered_.batch.empty()) return;
    const Answered answered = std::exchange(answered_, {});
    const protocol::PushReply reply = protocol::decode_push_reply(answered.reply);
    if (!epoch_.empty() && !reply.epoch.empty() && reply.epoch != epoch_) {
      restored_ = reply.epoch;
      return;
    }
    const std::vector<Outcome> outcomes = matched(answered.batch, reply);
    const Instant now = file_.clock().now();
    sql::in_transaction(file_.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      filing_->file(transaction, now, answered.batch, outcomes, report_);
      learn_epoch(transaction, reply, now);
      if (!any_known_before(outcomes)) keep_position(transaction, reply, now);
      note_contact(transaction, now);
    });
    done_ += static_cast<std::int64_t>(outcomes.size());
    if (options_.so_far != nullptr) *options_.so_far = report_;
    options_.progress(done_);
  }

  void learn_epoch(sql::Transaction& transaction, const protocol::PushReply& reply, Instant now) {
    if (!epoch_.empty() || reply.epoch.empty()) return;
    epoch_ = reply.epoch;
    set_state(transaction, "epoch", epoch_, now);
  }

  /// A file that had everything up to this batch has everything up to its end: it wrote the rest itself. So its own
  /// changes do not come back to it, except where something else was stored than it sent, or where the server was
  /// restored: what it makes of mutations that it had acknowledged before shows only when it is pulled.
  void keep_position(sql::Transaction& transaction, const protocol::PushReply& reply, Instant now) {
    if (!reply.cursor || !reply.cursor_before || !reply.merged.empty()) return;
    if (state(transaction, "full_pull")) return;
    // Before anything was ever stored in its scope, a file that never pulled has everything, too.
    const std::string position = state(transaction, "last_sync_cursor").value_or("0");
    if (position != std::to_string(reply.cursor_before->value)) return;
    set_state(transaction, "last_sync_cursor", std::to_string(reply.cursor->value), now);
  }

  void end_early(const Ending& why) {
    report_.end = why.end;
    report_.reason = why.reason;
    note_ended_early(file_, why.reason, why.end);
  }

  File& file_;
  Exchange& exchange_;
  const PushOptions& options_;
  BatchLimits limits_;
  std::optional<Filing> filing_;
  /// The batch sent last and the text of its reply.
  struct Answered {
    Batch batch;
    std::string reply;
  } answered_;
  PushReport& report_;
  std::string epoch_;     // the server's, as far as it is known
  std::string restored_;  // the one that it has instead
  std::int64_t done_ = 0;
};

PushReport push_to_the_end(File& file, Exchange& exchange, const PushOptions& options) {
  finish_starting_over(file, exchange);
  PushReport report;
  const std::string restored = Session(file, exchange, options, report).run();
  if (restored.empty()) return report;
  start_over(file, exchange, restored);
  report.too_large.reset();  // it is tried again with the rest
  if (!Session(file, exchange, options, report).run().empty()) {
    throw Error(ErrorCode::unexpected_reply, "the server changed its epoch twice in a moment",
                "Nothing was lost; are several servers answering at this address, each with a store of its own?");
  }
  return report;
}

}  // namespace

PushReport push(File& file, Exchange& exchange, const PushOptions& options) {
  const RepeatableWrites repeatable(file.database());
  try {
    const Offering offering(file);
    PushReport report = push_to_the_end(file, exchange, options);
    settle_local_edits(file);
    return report;
  } catch (const Error& fault) {
    note_fault(file, fault);
    throw;
  }
}

}  // namespace tether::replica
