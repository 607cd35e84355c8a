// SPDX-License-Identifier: MIT
// What a pull reads: whether the client may, the head of its scope, and a page of records.
#include <algorithm>
#include <array>
#include <utility>

#include "authority/ledger.hpp"

namespace tether::authority {
namespace {

using sql::Row;
using sql::Statement;
using sql::Value;

// With whether something of a client's was overwritten behind its cursor.
constexpr Statement k_head_for{
    "SELECT clock_us, horizon_us, forgotten_ms, epoch, coalesce("
    "(SELECT min(order_us) FROM tether_overwritten WHERE scope = $1 AND written_by = $2 AND order_us > $3), "
    "(SELECT min(order_us) FROM tether_overwritten_shares WHERE scope = $1 AND written_by = $2 AND order_us > $3)) "
    "FROM tether_scopes WHERE scope = $1"};
constexpr Statement k_revoked{"SELECT 1 FROM tether_revoked_devices WHERE scope = $1 AND client_id = $2"};

#define TETHER_PLAIN_COLUMNS "model, entity_id, deleted, payload, rev, updated_us, written_by"
#define TETHER_PAGE_COLUMNS TETHER_PLAIN_COLUMNS ", as_sent, created_us"
constexpr Statement k_page{"SELECT " TETHER_PAGE_COLUMNS
                           " FROM tether_records "
                           "WHERE scope = $1 AND updated_us > $2 ORDER BY updated_us LIMIT $3"};
constexpr std::int64_t k_page_portion = 256;  // rows: few statements for a page, little thrown away when it ends early
// What Postgres finds it sends, so the rows that it may send are bounded before their payloads are read. Few payloads
// are long, and those have an index of their own: up to the first of them, and with it, a page is as short as its rows
// are few.
#define TETHER_ROWS_AHEAD "FROM tether_records WHERE scope = $1 AND updated_us > $2 "
#define TETHER_UP_TO_A_LONG_ONE                                                                        \
  " " TETHER_ROWS_AHEAD "AND updated_us <= coalesce((SELECT updated_us " TETHER_ROWS_AHEAD             \
  "AND length(payload) > 2000 ORDER BY updated_us LIMIT 1), 9223372036854775807) ORDER BY updated_us " \
  "LIMIT $3"
constexpr Statement k_short_rows{"SELECT " TETHER_PAGE_COLUMNS TETHER_UP_TO_A_LONG_ONE};
constexpr Statement k_short_rows_without_marks{"SELECT " TETHER_PLAIN_COLUMNS ", NULL, NULL" TETHER_UP_TO_A_LONG_ONE};
constexpr std::int64_t k_long = 2'000;  // characters, as the index tether_records_long has it
#undef TETHER_UP_TO_A_LONG_ONE
// As long as a page gets, and no longer. Where it ends is found out without the payloads: to carry them along would
// take longer. Two rows beyond the bytes wanted: the one that crosses the bound, and one that shows that there are
// more.
constexpr Statement k_bounded_page{
    "SELECT " TETHER_PAGE_COLUMNS
    " FROM tether_records "
    "WHERE scope = $1 AND updated_us > $2 AND updated_us <= (SELECT max(updated_us) FROM (SELECT updated_us, "
    "sum(bytes) OVER (ORDER BY updated_us ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS before "
    "FROM (SELECT updated_us, octet_length(payload) AS bytes " TETHER_ROWS_AHEAD
    "ORDER BY updated_us LIMIT $3) AS found) AS measured WHERE before IS NULL OR before < $4) ORDER BY updated_us"};
#undef TETHER_ROWS_AHEAD
#undef TETHER_PAGE_COLUMNS
#undef TETHER_PLAIN_COLUMNS

Value text(std::string_view view) {
  return Value(view);
}

Value integer(std::int64_t number) {
  return Value(number);
}

PageRow read_page_row(const Row& row) {
  return {.model = row.text(0),
          .entity_id = row.text(1),
          .deleted = row.integer(2) != 0,
          .payload = row.text(3),
          .rev = Rev{row.integer(4)},
          .updated_us = row.integer(5),
          .written_by = row.text(6),
          .as_sent = row.integer(7) != 0,
          .created_us = row.integer(8)};
}

/// A page by as few statements of Postgres as it takes.
class PageAtOnce {
 public:
  PageAtOnce(const Scope& scope, Cursor cursor, const Ledger::PageBounds& bounds, const Ledger::RowSink& wants_more)
      : scope_(scope), cursor_(cursor), bounds_(bounds), rows_max_(bounds.rows + 1), wants_more_(wants_more) {}

  /// The rows from here on. This outlives the call.
  sql::Call next_call() {
    ++calls_;
    rows_ = bytes_before_last_ = last_ = 0;
    rows_asked_ = calls_ == 1 ? std::min(rows_max_, bounds_.bytes / k_long + 1) : rows_max_;
    std::vector<Value> parameters{text(scope_.value), integer(cursor_.value), integer(rows_asked_)};
    if (calls_ > 1) parameters.push_back(integer(bounds_.bytes));
    const Statement& short_rows = bounds_.marks ? k_short_rows : k_short_rows_without_marks;
    return {calls_ == 1 ? short_rows : k_bounded_page, std::move(parameters), [this](const Row& row) { take(row); }};
  }

  bool is_complete() const {
    if (calls_ == 0) return false;
    const bool cut_short = calls_ == 1 ? last_ > k_long : bytes_before_last_ >= bounds_.bytes;
    return !more_ || rows_ == 0 || (rows_ < rows_asked_ && !cut_short);
  }

 private:
  void take(const Row& row) {
    ++rows_;
    bytes_before_last_ += std::exchange(last_, std::ssize(row.text(3)));
    if (!more_) return;
    cursor_.value = row.integer(5);
    more_ = wants_more_(read_page_row(row));
  }

  const Scope& scope_;
  Cursor cursor_;
  Ledger::PageBounds bounds_;
  std::int64_t rows_max_;
  const Ledger::RowSink& wants_more_;
  bool more_ = true;
  int calls_ = 0;
  std::int64_t rows_asked_ = 0;
  // Of the last one:
  std::int64_t rows_ = 0;
  std::int64_t bytes_before_last_ = 0;
  std::int64_t last_ = 0;
};

}  // namespace

bool Ledger::is_revoked(const ClientId& client) {
  return transaction_.run(k_revoked, {text(scope_.value), text(client.value)}, [](const Row&) {}) > 0;
}

void Ledger::page(Cursor cursor, const PageBounds& bounds, const RowSink& wants_more) {
  if (transaction_.engine() == sql::Engine::sqlite) return page_in_portions(cursor, wants_more);
  PageAtOnce page(scope_, cursor, bounds, wants_more);
  while (!page.is_complete()) transaction_.run_in_turn(std::array{page.next_call()});
}

Ledger::Front Ledger::front_and_page(const ClientId& client, Cursor cursor, const PageBounds& bounds,
                                     const std::function<bool(const Front&)>& wants_page, const RowSink& wants_more) {
  Front front;
  const auto read_front = [&](const Row& row) {
    front.head = read_head(row);
    front.was_overwritten = !row.is_null(4);
  };
  if (transaction_.engine() == sql::Engine::sqlite) {
    front.is_revoked = is_revoked(client);
    transaction_.run(k_head_for, {text(scope_.value), text(client.value), integer(cursor.value)}, read_front);
    if (wants_page(front)) page_in_portions(cursor, wants_more);
    return front;
  }
  std::optional<bool> is_wanted;
  const RowSink if_wanted = [&](const PageRow& row) {
    if (!is_wanted) is_wanted = wants_page(front);
    return *is_wanted && wants_more(row);
  };
  PageAtOnce page(scope_, cursor, bounds, if_wanted);
  transaction_.run_in_turn(std::array{
      sql::Call{k_revoked, {text(scope_.value), text(client.value)}, [&](const Row&) { front.is_revoked = true; }},
      sql::Call{k_head_for, {text(scope_.value), text(client.value), integer(cursor.value)}, read_front},
      page.next_call()});
  while (!page.is_complete()) transaction_.run_in_turn(std::array{page.next_call()});
  return front;
}

void Ledger::page_in_portions(Cursor cursor, const RowSink& wants_more) {
  bool more = true;
  while (more) {
    const auto take_row = [&](const Row& row) {
      if (!more) return;  // the rest of the portion is stepped over unread
      cursor.value = row.integer(5);
      more = wants_more(read_page_row(row));
    };
    const auto rows =
        transaction_.run(k_page, {text(scope_.value), integer(cursor.value), integer(k_page_portion)}, take_row);
    if (rows < k_page_portion) return;
  }
}

}  // namespace tether::authority
