// SPDX-License-Identifier: MIT
#include "replica/pull.hpp"

#include <charconv>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "protocol/codec.hpp"
#include "replica/adopt.hpp"
#include "replica/ending.hpp"
#include "replica/incoming.hpp"
#include "replica/overwritten.hpp"
#include "replica/repeatable_writes.hpp"
#include "replica/report_room.hpp"
#include "replica/restored.hpp"

namespace tether::replica {
namespace {

// A server may send a pull back to the beginning because it was restored, and because the cursor is too old; not again
// and again.
constexpr int k_restarts_max = 2;

constexpr sql::Statement k_anything_stored{
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM tether_records) OR EXISTS (SELECT 1 FROM tether_mutation_logs)"};

std::optional<std::int64_t> state_number(sql::Transaction& transaction, std::string_view key) {
  const std::optional<std::string> text = state(transaction, key);
  if (!text || text->empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) {
    throw Error(ErrorCode::corrupt, "the file's " + std::string(key) + " is '" + *text + "', which is no number",
                "Run `tether doctor`.");
  }
  return number;
}

[[noreturn]] void throw_unexpected(const std::string& message) {
  throw Error(ErrorCode::unexpected_reply, message,
              "What was pulled before stays. If the server was restored from a backup, its epoch must change.");
}

/// Where a pull stands.
struct Position {
  std::optional<Cursor> cursor;            // of the page accepted last, committed or not
  bool full = false;                       // a full pull is under way
  std::optional<std::int64_t> horizon_us;  // what the server's first page of it said
  std::int64_t generation = 0;             // of the latest full pull
  std::string epoch;
  std::string view;    // what the latest full pull was told
  bool empty = false;  // nothing was stored when this pull of everything began
};

Position position(File& file) {
  Position found;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    if (const auto cursor = state_number(transaction, "last_sync_cursor")) found.cursor = Cursor{*cursor};
    found.horizon_us = state_number(transaction, "full_pull");
    found.full = found.horizon_us.has_value();
    found.generation = state_number(transaction, "generation").value_or(0);
    found.epoch = state(transaction, "epoch").value_or("");
    found.view = state(transaction, "view").value_or("");
    found.empty = transaction.run(k_anything_stored, {}) == 0;
  });
  return found;
}

std::string request_from(const Position& position, const ClientId& client_id, std::optional<std::int64_t> page) {
  protocol::PullRequest request;
  request.client_id = client_id;
  request.cursor = position.cursor;
  request.limit = page;
  request.full = position.full || !position.cursor;
  if (position.full) request.horizon_us = position.horizon_us;
  request.view = position.view;
  request.fresh = position.empty && !position.cursor;
  return protocol::encode(request);
}

/// A page and its place in the pull.
struct Page {
  protocol::PullReply reply;
  bool full = false;   // belongs to a full pull
  bool first = false;  // is the first page of one
};

/// A request under way, and its text.
struct Asked {
  Asked(std::string asked, std::unique_ptr<Exchange::Request> begun)
      : text(std::move(asked)), request(std::move(begun)) {}
  std::string text;
  std::unique_ptr<Exchange::Request> request;
};

/// Three pages at a time: while one is on the wire, the one before it is decoded and the one before that is applied.
/// Where the next one begins is guessed from how a page ends; a page that was asked for in vain is dropped. Killed
/// anywhere, the cursor of the last commit counts.
class Session {
 public:
  Session(File& file, Exchange& exchange, const PullOptions& options)
      : file_(file), exchange_(exchange), options_(options), at_(position(file)) {
    report_.push_first = sql::in_transaction(file.database(), sql::Access::read, must_push_first);
  }

  PullReport run() {
    std::optional<Page> waiting;  // to be applied
    while (!report_.push_first) {
      std::optional<protocol::PullReply> reply = arrive_while_applying(waiting);
      if (!reply) {
        note_ended_early(file_, report_.reason, report_.end);
        break;
      }
      if (restarted(*reply)) continue;
      waiting = move_to(*std::move(reply));
      if (waiting->reply.has_more) continue;
      apply(*waiting);
      if (!restarted(waiting->reply)) break;
      waiting.reset();
    }
    return report_;
  }

 private:
  std::string request(const Position& from) const { return request_from(from, file_.client_id(), options_.page); }

  void ask(const std::string& text) {
    asked_.reset();
    asked_.emplace(text, exchange_.begin(Call::pull, [text] { return text; }));
  }

  /// Waits for the next page, and applies the one that is waiting. nullopt: the session ended early, as the report
  /// says.
  std::optional<protocol::PullReply> arrive_while_applying(std::optional<Page>& waiting) {
    const std::string wanted = request(at_);
    if (!asked_ || asked_->text != wanted) ask(wanted);
    const Answer answer = answer_or_apply(waiting);
    asked_.reset();
    const auto* text = std::get_if<Reply>(&answer);
    if (text != nullptr) ask_ahead(text->body);
    const auto decode = [text] { return protocol::decode_pull_reply(text->body); };
    std::future<protocol::PullReply> reply;
    if (text != nullptr && waiting) reply = exchange_.beside(decode);
    if (waiting) apply(*waiting);
    waiting.reset();
    if (reply.valid()) return reply.get();
    if (text != nullptr) return decode();
    const Ending why = ending(answer);
    report_.end = why.end;
    report_.reason = why.reason;
    return std::nullopt;
  }

  /// Where no answer can be had for a fault, the page that is waiting is applied all the same: or it would never be,
  /// when the one behind it can never be taken.
  Answer answer_or_apply(const std::optional<Page>& waiting) {
    try {
      return exchange_.finish(*asked_->request);
    } catch (const Error&) {
      if (waiting) apply(*waiting);
      throw;
    }
  }

  /// Asks for the page behind one that is not decoded yet, in the middle of a pull that goes its way.
  void ask_ahead(std::string_view body) {
    const std::optional<protocol::PullReply> end = protocol::guess_pull_end(body);
    if (!end || !end->has_more || end->reset || !at_.cursor || !end->new_cursor) return;
    Position ahead = at_;
    ahead.cursor = end->new_cursor;
    ask(request(ahead));
  }

  /// Whether the server has lost something that this file has seen: then the pull begins again, unless the file has to
  /// push first.
  bool restarted(const protocol::PullReply& reply) {
    const std::optional<std::string> epoch = restored(reply);
    if (epoch) start_over(*epoch);
    return epoch.has_value();
  }

  /// The epoch to go on with, if the server has lost something that this file has seen: it says so by another epoch, or
  /// shows it by going back.
  std::optional<std::string> restored(const protocol::PullReply& reply) const {
    if (!at_.epoch.empty() && !reply.epoch.empty() && reply.epoch != at_.epoch) return reply.epoch;
    const bool cursor_back = !reply.reset && at_.cursor && reply.new_cursor && *reply.new_cursor < *at_.cursor;
    if (went_back_ || cursor_back) return reply.epoch.empty() ? at_.epoch : reply.epoch;
    return std::nullopt;
  }

  void start_over(const std::string& epoch) {
    count_restart();
    report_.push_first = replica::start_over(file_, exchange_, epoch);
    at_.epoch = epoch;
    at_.cursor.reset();
    at_.full = false;
    at_.empty = false;  // what was stored before must hear of deletes
    went_back_ = false;
  }

  /// Checks where the page leads and moves there, in memory.
  Page move_to(protocol::PullReply&& arrived) {
    Page page{.reply = std::move(arrived)};
    const protocol::PullReply& reply = page.reply;
    if (reply.reset) {
      count_restart();
      at_.empty = false;  // a page of the pull that it ends may be stored
    }
    page.first = reply.reset || !at_.cursor;
    if (page.first) {
      at_.full = true;
      ++at_.generation;
      at_.horizon_us = reply.horizon_us;
      at_.view = reply.view;
    }
    page.full = at_.full;
    if (!reply.new_cursor) {
      if (reply.has_more) throw_unexpected("the server says that there is more, but not from where");
      return page;
    }
    if (!page.first && reply.has_more && *reply.new_cursor == *at_.cursor) {
      throw_unexpected("the server says that there is more, but its cursor does not move");
    }
    at_.cursor = reply.new_cursor;
    return page;
  }

  void count_restart() {
    if (++restarts_ > k_restarts_max)
      throw_unexpected("the server sends this pull back to the beginning again and again");
  }

  void apply(const Page& page) {
    const Instant now = file_.clock().now();
    const Arrival arrival{page.full, at_.generation, to_ms(now)};
    const auto transaction = file_.database().begin(sql::Access::write);
    if (page.first) {
      set_state(*transaction, "generation", std::to_string(at_.generation), now);
      set_state(*transaction, "full_pull", std::to_string(at_.horizon_us.value_or(0)), now);
      set_state(*transaction, "view", page.reply.view, now);
    }
    const std::optional<std::int64_t> applied = apply_snapshots(*transaction, page.reply.snapshots, arrival);
    if (!applied) {
      went_back_ = true;  // and nothing of the page is kept
      return;
    }
    std::vector<protocol::OverwriteReport> overwritten = keep_overwritten(*transaction, page.reply.overwritten, now);
    keep_position(*transaction, page, now);
    if (page.full && !page.reply.has_more) {
      if (!at_.empty) forget_not_brought(*transaction, arrival);
      clear_state(*transaction, "full_pull");
      note_pulled_whole(*transaction);
    }
    note_contact(*transaction, now);
    transaction->commit();
    report_.pulled += *applied;
    report(std::move(overwritten));
    options_.progress(report_.pulled);
  }

  void report(std::vector<protocol::OverwriteReport> overwritten) {
    report_.overwritten += std::ssize(overwritten);
    for (protocol::OverwriteReport& one : overwritten) {
      if (room_.takes(one.lost.size() + bytes_of(one.fields))) report_.overwrites.push_back(std::move(one));
    }
  }

  void keep_position(sql::Transaction& transaction, const Page& page, Instant now) {
    if (page.reply.new_cursor) {
      set_state(transaction, "last_sync_cursor", std::to_string(page.reply.new_cursor->value), now);
    }
    if (at_.epoch.empty() && !page.reply.epoch.empty()) {
      at_.epoch = page.reply.epoch;
      set_state(transaction, "epoch", at_.epoch, now);
    }
  }

  File& file_;
  Exchange& exchange_;
  const PullOptions& options_;
  Position at_;
  std::optional<Asked> asked_;  // the page that comes next
  bool went_back_ = false;      // the server sent something older than this file has seen
  int restarts_ = 0;
  PullReport report_;
  ReportRoom room_;  // in it, for what was overwritten
};

}  // namespace

std::string next_pull_request(File& file, std::optional<std::int64_t> page) {
  return request_from(position(file), file.client_id(), page);
}

PullReport pull(File& file, Exchange& exchange, const PullOptions& options) {
  const RepeatableWrites repeatable(file.database());
  try {
    finish_starting_over(file, exchange);
    return Session(file, exchange, options).run();
  } catch (const Error& fault) {
    note_fault(file, fault);
    throw;
  }
}

}  // namespace tether::replica
