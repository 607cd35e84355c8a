// SPDX-License-Identifier: MIT
// Serves a page: the stored text of each row goes into the reply unread.
#include <algorithm>
#include <utility>

#include "authority/authority.hpp"
#include "authority/ledger.hpp"
#include "protocol/codec.hpp"

namespace tether::authority {
namespace {

/// What one page takes and what it leaves out.
class PageBuilder {
 public:
  PageBuilder(const protocol::PullRequest& request, const protocol::Limits& limits, std::optional<Cursor> from)
      : request_(request),
        limits_(limits),
        rows_max_(std::clamp<std::int64_t>(request.limit.value_or(limits.page_rows_default), 1, limits.page_rows_max)),
        looked_at_max_(std::max(rows_max_, limits.page_rows_max)),
        full_(!from || request.full.value_or(false)),
        cursor_(from) {}

  /// False when the page ends before this row.
  bool take(const PageRow& row) {
    // A reply that leaves out much ends some time, too; its cursor has moved all the same.
    if (looked_at_ == looked_at_max_) return end();
    if (!left_out(row)) {
      if (is_full()) return end();
      writer_.snapshot(row.model, row.entity_id, row.deleted, row.deleted ? std::string_view("{}") : row.payload,
                       row.rev, row.updated_us, row.written_by);
      ++rows_;
    }
    ++looked_at_;
    cursor_ = Cursor{row.updated_us};
    return true;
  }

  Authority::Page finish(bool reset, std::string_view epoch) && {
    return {.text = std::move(writer_).finish(cursor_, has_more_, reset, epoch), .rows = rows_};
  }

 private:
  bool end() {
    has_more_ = true;
    return false;
  }

  /// At least one row always fits: a page that said has_more with a cursor that did not move would be asked for for
  /// ever.
  bool is_full() const { return rows_ == rows_max_ || (rows_ > 0 && writer_.bytes() >= limits_.page_bytes_max); }

  bool left_out(const PageRow& row) const {
    if (full_ && request_.fresh && row.deleted) return true;
    if (!full_ && request_.skip_own && is_own(row)) return true;
    if (request_.models.empty()) return false;
    return std::none_of(request_.models.begin(), request_.models.end(),
                        [&](const ModelName& model) { return model.value == row.model; });
  }

  /// Written by this client, stored as it was sent, and known to the client's file.
  bool is_own(const PageRow& row) const {
    const bool known = !request_.own_until || row.updated_us <= request_.own_until->value;
    return known && row.as_sent && row.written_by == request_.client_id.value;
  }

  const protocol::PullRequest& request_;
  const protocol::Limits& limits_;
  std::int64_t rows_max_;
  std::int64_t looked_at_max_;
  bool full_;  // the client asks for everything: nothing of its own is left out
  std::optional<Cursor> cursor_;
  std::int64_t rows_ = 0;
  std::int64_t looked_at_ = 0;
  bool has_more_ = false;
  protocol::PullReplyWriter writer_;
};

PageBuilder page_from(Ledger& ledger, const protocol::PullRequest& request, const protocol::Limits& limits,
                      std::optional<Cursor> from) {
  PageBuilder page(request, limits, from);
  ledger.page(from.value_or(Cursor{0}), [&](const PageRow& row) { return page.take(row); });
  return page;
}

/// Whether the cursor lies before what is still known of deletes, and the client understands what follows from that.
bool must_reset(const protocol::PullRequest& request, const std::optional<ScopeHead>& head) {
  if (!head || !request.cursor || !request.full) return false;
  return !*request.full && request.cursor->value < head->horizon_us;
}

}  // namespace

Authority::Page Authority::pull(sql::Database& database, const Scope& scope, const protocol::PullRequest& request) {
  const auto transaction = database.begin(sql::Access::read);
  Ledger ledger(*transaction, scope);
  std::optional page(page_from(ledger, request, options_.limits, request.cursor));
  // After the rows: what was forgotten while they were read has then moved the horizon already.
  const std::optional<ScopeHead> head = ledger.head();
  const bool reset = must_reset(request, head);
  if (reset) page.emplace(page_from(ledger, request, options_.limits, std::nullopt));
  transaction->commit();
  return std::move(*page).finish(reset, head ? std::string_view(head->epoch) : std::string_view());
}

}  // namespace tether::authority
