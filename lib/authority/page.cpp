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

  Ledger::PageBounds bounds() const { return {rows_max_, static_cast<std::int64_t>(limits_.page_bytes_max)}; }

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

  /// `first`: of a full pull, which the client will then name by the horizon that it began at.
  Authority::Page finish(bool reset, bool first, const ScopeHead& head) && {
    protocol::PullReplyWriter::End end{
        .new_cursor = cursor_, .has_more = has_more_, .reset = reset, .epoch = head.epoch};
    if (first && !head.epoch.empty()) end.horizon_us = head.horizon_us;
    // A cursor that this scope never gave out: it was restored, and says so by going back.
    if (rows_ == 0 && cursor_ && cursor_->value > head.clock_us) end.new_cursor = Cursor{head.clock_us};
    return {.text = std::move(writer_).finish(end), .rows = rows_, .cursor = end.new_cursor};
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
    if (!full_ && request_.skip_own && row.as_sent && row.written_by == request_.client_id.value) return true;
    if (request_.models.empty()) return false;
    return std::none_of(request_.models.begin(), request_.models.end(),
                        [&](const ModelName& model) { return model.value == row.model; });
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
  ledger.page(from.value_or(Cursor{0}), page.bounds(), [&](const PageRow& row) { return page.take(row); });
  return page;
}

/// Whether the cursor lies before what is still known of deletes, and the client understands what follows from that.
/// During a full pull it may, as long as nothing more was forgotten since that began.
bool must_reset(const protocol::PullRequest& request, const ScopeHead& head) {
  if (!request.cursor || !request.full) return false;
  const std::int64_t complete_from =
      *request.full ? request.horizon_us.value_or(head.horizon_us) : request.cursor->value;
  return complete_from < head.horizon_us;
}

}  // namespace

Authority::Page Authority::pull(sql::Database& database, const Scope& scope, const protocol::PullRequest& request) {
  const auto transaction = database.begin(sql::Access::read);
  Ledger ledger(*transaction, scope);
  std::optional page(page_from(ledger, request, options_.limits, request.cursor));
  // After the rows: what was forgotten while they were read has then moved the horizon already.
  const ScopeHead head = ledger.head().value_or(ScopeHead());
  const bool reset = must_reset(request, head);
  if (reset) page.emplace(page_from(ledger, request, options_.limits, std::nullopt));
  transaction->commit();
  return std::move(*page).finish(reset, reset || !request.cursor, head);
}

}  // namespace tether::authority
