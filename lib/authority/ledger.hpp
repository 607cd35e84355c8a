// SPDX-License-Identifier: MIT
// The SQL of push, pull and compact, in what both engines speak, but for the two statements that matter most: to write
// a batch under the lock of its scope, and to read a page. Whole batches at a time. No decisions here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "authority/ledger_rows.hpp"
#include "authority/losses.hpp"
#include "base/clock.hpp"
#include "base/strong.hpp"
#include "sql/database.hpp"

namespace tether::authority {

class Ledger {
 public:
  Ledger(sql::Transaction& transaction, const Scope& scope) : transaction_(transaction), scope_(scope) {}

  /// Each that is known is handed out; `found` may keep what was decided but not the view.
  void decided(std::span<const std::string_view> mutation_ids,
               const std::function<void(std::string_view id, Decided)>& found);
  /// Each that exists is handed out; `found` may keep the record but not the views.
  void records(std::span<const EntityRef> entities, const std::function<void(EntityRef, rules::Record)>& found);

  /// nullopt: nothing was ever written to this scope. To be read before what is written is decided upon.
  std::optional<ScopeHead> head();
  bool is_revoked(const ClientId& client);
  /// Makes the head row if there is none; returns the epoch that the scope has now.
  std::string ensure_head(std::string_view epoch);

  /// False when some id was remembered meanwhile by someone else: roll back and decide again.
  bool remember(std::span<const Decision> decisions, std::int64_t decided_us);

  /// For whoever looks for it afterwards, and to be told to those whose values they were. Behind store(), in whose
  /// values `first_us` and those that follow are.
  void keep(std::span<const Overwritten> overwritten, std::int64_t decided_us, std::int64_t first_us) {
    keep_overwritten(transaction_, scope_, overwritten, decided_us, first_us);
  }

  struct Taken {
    std::int64_t before;  // the scope's clock until now: nothing lies between it and `first` but this batch
    std::int64_t first;   // of consecutive values, one per change, and then `further`
  };
  /// Advances the scope's clock, at least to `now_us`, stamps the changes with consecutive values in their order, and
  /// writes them. `further` values behind them are the caller's. Takes the head row's lock until the commit, so that
  /// commit order is cursor order. nullopt when some record moved on since it was read (its rev is no longer
  /// rev_before), or ids were forgotten since: roll back and decide again.
  std::optional<Taken> store(std::span<RecordChange> changes, std::int64_t further, std::int64_t now_us);

  struct PageBounds {
    std::int64_t rows;
    std::int64_t bytes;  // of payloads
    bool marks;          // whether as_sent and created_us are looked at: what is not need not be sent
  };
  /// Rows after `cursor` in order, until there are none left or the sink says that it wants no more. `bounds` is what
  /// the sink will want at most: more can be had, but costs another statement.
  using RowSink = std::function<bool(const PageRow&)>;
  void page(Cursor cursor, const PageBounds& bounds, const RowSink& wants_more);

  /// What decides whether a client may have a page, and which.
  struct Front {
    bool is_revoked = false;
    ScopeHead head;                // of a scope that was never written to: an empty one
    bool was_overwritten = false;  // something of the client's, behind the cursor
  };
  /// A page and its front, of one moment and without waiting for the one before asking for the other. `wants_page`
  /// hears the front before the page is handed out.
  Front front_and_page(const ClientId& client, Cursor cursor, const PageBounds& bounds,
                       const std::function<bool(const Front&)>& wants_page, const RowSink& wants_more);

  /// See overwritten_of().
  void overwritten(const ClientId& writer, Cursor after, Cursor last,
                   const std::function<bool(const Untold&)>& wants_more) {
    overwritten_of(transaction_, scope_, writer, after, last, wants_more);
  }

  /// Whether no id was forgotten since head() was read. To be asked behind remember() where store() does not ask: an
  /// id that could be remembered as new may be one that was forgotten meanwhile.
  bool forgot_nothing_since();

  /// Where the horizons of a scope must be for something to be forgotten.
  struct Horizons {
    std::int64_t tombstone_us = 0;
    std::int64_t mutation_ms = 0;
  };
  /// Never back.
  void move_horizons(const Horizons& horizons);

  /// What is to be forgotten, how far that has come, and how much it was.
  struct Forgetting {
    std::int64_t before_us;
    Horizons horizons;  // where they must be first
    std::string last_id;
    std::int64_t record_us = 0;
    std::string id;
    std::int64_t tombstones = 0;
    std::int64_t mutations = 0;
    bool anything() const { return horizons.tombstone_us > 0 || horizons.mutation_ms > 0; }
  };
  /// All tombstones whose updated_us, and ids whose decided_us and timestamp, lie before `before_us`. Reads much: to be
  /// asked where nobody waits.
  Forgetting forgettable(std::int64_t before_us);
  /// Goes through the next few thousand records or ids and forgets those that lie before `before_us`. False: it went
  /// through all.
  bool forget_some(Forgetting& forgetting);

 private:
  bool forget_tombstones(Forgetting& forgetting, Horizons& horizons);
  bool forget_mutations(Forgetting& forgetting, Horizons& horizons);
  Taken take(std::int64_t count, std::int64_t now_us);
  std::optional<Taken> store_in_steps(std::span<RecordChange> changes, std::int64_t further, std::int64_t now_us);
  std::optional<Taken> store_at_once(std::span<RecordChange> changes, std::int64_t further, std::int64_t now_us);
  void page_in_portions(Cursor cursor, const RowSink& wants_more);

  sql::Transaction& transaction_;
  const Scope& scope_;
  std::int64_t forgotten_ms_ = 0;  // as head() found it
};

/// Gives every scope a new epoch, made by `new_epoch`. Returns how many there are.
std::int64_t renew_epochs(sql::Transaction& transaction, const std::function<std::string()>& new_epoch);

/// Every scope that has a head row.
std::vector<Scope> scopes(sql::Transaction& transaction);

}  // namespace tether::authority
