// SPDX-License-Identifier: MIT
#include "replica/push.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "protocol/codec.hpp"
#include "replica/adopt.hpp"
#include "replica/ending.hpp"
#include "replica/filing.hpp"
#include "replica/outbound_mapping.hpp"
#include "replica/outbox.hpp"
#include "replica/pull.hpp"
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

/// Parts of the server's order that hold nothing but what this session wrote, as far as they may still have a neighbour
/// to come.
class OwnStretches {
 public:
  /// A batch was filed that lies alone between the two.
  void add(Cursor before, Cursor end) {
    if (before >= end) return;
    stretches_.push_back({std::to_string(before.value), std::to_string(end.value)});
    if (stretches_.size() > k_batches_on_the_wire_max) stretches_.pop_front();
  }
  /// Where a file is that has everything up to `position`.
  std::string along_from(std::string position) const {
    while (true) {
      const auto next = std::ranges::find(stretches_, position, &Stretch::before);
      if (next == stretches_.end()) return position;
      position = next->end;
    }
  }

 private:
  struct Stretch {
    std::string before;
    std::string end;
  };
  std::deque<Stretch> stretches_;
};

/// While batches are on the wire, the outcomes of the one before them are filed and the one after them is read. Killed
/// before filing, they are sent again.
class Session {
 public:
  Session(File& file, Exchange& exchange, const PushOptions& options, PushReport& report)
      : file_(file), exchange_(exchange), options_(options), report_(report) {
    limits_.count = options.batch;
    limits_.bytes = k_push_bytes_max;
  }

  /// The new epoch of a server that was restored; empty when there is nothing to do again.
  std::string run() {
    next_ = begin();
    while (true) {
      while (may_go(next_)) send_next();
      file_answered();
      // What was sent behind a batch that a restored server refused is refused like it.
      if (!restored_.empty()) return restored_;
      if (on_the_wire_.empty()) break;
      const std::variant<Answer, Refused> answer = answer_to_first();
      if (const auto* refused = std::get_if<Refused>(&answer)) {
        send_less(refused->reason);
        continue;
      }
      const auto* reply = std::get_if<Reply>(&std::get<Answer>(answer));
      if (reply == nullptr) {
        end_early(ending(std::get<Answer>(answer)));
        if (report_.end == End::forbidden) pulls_may_go_on(file_, exchange_);
        return {};
      }
      answered_ = {std::move(on_the_wire_.front().batch), reply->body};
      on_the_wire_.pop_front();
    }
    pulls_may_go_on(file_, exchange_);
    return {};
  }

 private:
  struct Sent {
    Batch batch;
    std::unique_ptr<Exchange::Request> request;
  };

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

  /// Whether it may be sent now. Nothing goes ahead of an answer before it is known whether the server still has the
  /// epoch that this file has seen, nor after it was slow, busy, or took less than was sent. All on the wire together
  /// is never more than one batch may be, so that a slow way carries it in time.
  bool may_go(const Batch& next) const {
    if (next.empty()) return false;
    if (on_the_wire_.empty()) return true;
    if (one_at_a_time_ || epoch_.empty() || on_the_wire_.size() >= k_batches_on_the_wire_max) return false;
    std::size_t bytes = next.bytes;
    for (const Sent& sent : on_the_wire_) bytes += sent.batch.bytes;
    const auto shares = [&](const Sent& sent) { return share_a_record(sent.batch, next); };
    return bytes <= k_push_bytes_max && std::ranges::none_of(on_the_wire_, shares);
  }

  /// Puts it on the wire and reads the one behind it.
  void send_next() {
    Sent& sent = on_the_wire_.emplace_back(Sent{std::exchange(next_, {}), {}});
    protocol::PushRequest& request = sent.batch.request;
    request.client_id = file_.client_id();
    request.epoch = epoch_;
    sent.request = exchange_.begin(Call::push, [&] {
      // The server takes the time between this and its arrival for the error of our clock.
      request.sent_at_ms = to_ms(file_.clock().now());
      return protocol::encode(request);
    });
    next_ = read_after(sent.batch.places.back().log_id);
  }

  std::variant<Answer, Refused> answer_to_first() {
    const Sent& first = on_the_wire_.front();
    try {
      Answer answer = exchange_.finish(*first.request);
      one_at_a_time_ = one_at_a_time_ || first.request->was_repeated();
      return answer;
    } catch (const ReplyTooLong& fault) {
      // Of one mutation no server answers so much: it is none of ours.
      if (first.batch.places.size() == 1) throw;
      return Refused{fault.what()};
    } catch (const Error& refusal) {
      if (refusal.code() != ErrorCode::too_large) throw;
      return Refused{refusal.what()};
    }
  }

  /// After the first batch on the wire was refused for its size. What was sent ahead of that answer is given up, and
  /// read and sent again behind it.
  void send_less(const std::string& reason) {
    const Batch refused = std::move(on_the_wire_.front().batch);
    on_the_wire_.clear();
    one_at_a_time_ = true;
    next_ = smaller(refused, reason);
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
    own_.add(*reply.cursor_before, *reply.cursor);
    // Before anything was ever stored in its scope, a file that never pulled has everything, too.
    const std::string position = state(transaction, "last_sync_cursor").value_or("0");
    const std::string along = own_.along_from(position);
    if (along != position) set_state(transaction, "last_sync_cursor", along, now);
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
  std::deque<Sent> on_the_wire_;  // in log order
  Batch next_;                    // behind them
  bool one_at_a_time_ = false;    // nothing goes ahead any more
  OwnStretches own_;
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

/// An adopted file knows of others only once it was pulled. How that ended.
PushReport pull_where_it_must_be_first(File& file, Exchange& exchange) {
  // Whoever owes a restored server what it had acknowledged is not told anything by it before.
  const bool pull_first = sql::in_transaction(file.database(), sql::Access::read, [](sql::Transaction& transaction) {
    return must_pull_first(transaction) && !must_push_first(transaction);
  });
  PushReport report;
  if (!pull_first) return report;
  PullReport pulled = pull(file, exchange, {});
  report.end = pulled.end;
  report.reason = std::move(pulled.reason);
  return report;
}

}  // namespace

PushReport push(File& file, Exchange& exchange, const PushOptions& options) {
  if (PushReport ended = pull_where_it_must_be_first(file, exchange); ended.end != End::done) return ended;
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
