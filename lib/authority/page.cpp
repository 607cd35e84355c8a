// SPDX-License-Identifier: MIT
// Serves a page: the stored text of each row goes into the reply unread.
#include <algorithm>
#include <limits>
#include <utility>

#include "authority/answer_data.hpp"
#include "authority/authority.hpp"
#include "authority/ledger.hpp"
#include "protocol/codec.hpp"
#include "rules/mapping.hpp"
#include "rules/view.hpp"

namespace tether::authority {
namespace {

constexpr std::size_t k_row_bytes = 256;  // beside the payload, about
// Of what was overwritten, on one page: few lose more. What is beyond comes with the next.
constexpr std::int64_t k_overwritten_max = 100;
constexpr std::size_t k_overwritten_bytes_max = 1024 * 1024;
constexpr Cursor k_end{std::numeric_limits<std::int64_t>::max()};

/// For whom a page is made.
struct Reader {
  const protocol::PullRequest& request;
  const protocol::Limits& limits;
  const rules::Models& models;
  std::string_view claims;
  std::string_view view;  // empty: it sees every record as it is stored
};

/// What one page takes and what it leaves out.
class PageBuilder {
 public:
  PageBuilder(const Reader& reader, std::optional<Cursor> from)
      : request_(reader.request),
        reader_(reader),
        rows_max_(std::clamp<std::int64_t>(request_.limit.value_or(reader.limits.page_rows_default), 1,
                                           reader.limits.page_rows_max)),
        looked_at_max_(std::max(rows_max_, reader.limits.page_rows_max)),
        full_(!from || request_.full.value_or(false)),
        cursor_(from) {}

  Ledger::PageBounds bounds() const {
    return {.rows = rows_max_,
            .bytes = static_cast<std::int64_t>(reader_.limits.page_bytes_max),
            .marks = leaves_out_own() || !reader_.view.empty()};
  }

  /// False when the page ends before this row.
  bool take(const PageRow& row) {
    // A reply that leaves out much ends some time, too; its cursor has moved all the same.
    if (looked_at_ == looked_at_max_) return end();
    const rules::Model* model = reader_.models.find(row.model);
    const bool visible = model != nullptr && is_visible(*model, row);
    if (model != nullptr && !left_out(row, row.deleted || !visible)) {
      if (is_full()) return end();
      if (rows_ == 0) writer_ = protocol::PullReplyWriter(bytes_of_rows_like(row));
      write(*model, row, visible);
      ++rows_;
    }
    ++looked_at_;
    cursor_ = Cursor{row.updated_us};
    return true;
  }

  /// Behind the rows: what was overwritten of the client's up to where they end. Where not all of it fits, the page
  /// ends earlier, and the rows that are beyond come again.
  void tell_overwritten(Ledger& ledger, Cursor from) {
    const Cursor last = has_more_ ? *cursor_ : k_end;
    std::int64_t told = 0;
    bool fits = true;
    ledger.overwritten(request_.client_id, from, last, [&](const Untold& untold) {
      fits = told < k_overwritten_max && writer_.bytes_of_overwritten() < k_overwritten_bytes_max;
      if (!fits) return false;
      tell(untold);
      ++told;
      from = Cursor{untold.order_us};
      return true;
    });
    has_more_ = has_more_ || !fits;
    if (told > 0 && (!fits || !cursor_ || from > *cursor_)) cursor_ = from;
  }

  /// `first`: of a full pull, which the client will then name by the horizon that it began at.
  Authority::Page finish(bool reset, bool first, const ScopeHead& head, std::string_view view) && {
    protocol::PullReplyWriter::End end{
        .new_cursor = cursor_, .has_more = has_more_, .reset = reset, .epoch = head.epoch, .view = view};
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

  /// Rows are often alike: memory for all of them at once, rather than moving what is there each time it is full.
  std::size_t bytes_of_rows_like(const PageRow& row) const {
    const std::size_t all = (row.payload.size() + k_row_bytes) * static_cast<std::size_t>(rows_max_);
    return std::min(all, reader_.limits.page_bytes_max);
  }

  /// At least one row always fits: a page that said has_more with a cursor that did not move would be asked for for
  /// ever.
  bool is_full() const { return rows_ == rows_max_ || (rows_ > 0 && writer_.bytes() >= reader_.limits.page_bytes_max); }

  /// What left the view of a client arrives there as a delete, whether it ever was there or not: like any tombstone. Of
  /// a tombstone it is asked by what was deleted.
  bool is_visible(const rules::Model& model, const PageRow& row) const {
    return model.visible.empty() || rules::is_visible(model, row.payload, reader_.claims);
  }

  bool leaves_out_own() const { return !full_ && request_.skip_own; }

  bool left_out(const PageRow& row, bool deleted) const {
    if (full_ && request_.fresh && deleted) return true;
    if (leaves_out_own() && row.as_sent && row.written_by == request_.client_id.value) return true;
    return !is_asked_for(row.model);
  }

  bool is_asked_for(std::string_view name) const {
    return request_.models.empty() ||
           std::ranges::any_of(request_.models, [&](const ModelName& model) { return model.value == name; });
  }

  void tell(const Untold& untold) {
    const rules::Model* model = reader_.models.find(untold.loss.model.value);
    if (model == nullptr || !is_asked_for(untold.loss.model.value)) return;
    if (const auto report = told_overwrite(untold, *model, reader_.claims)) writer_.overwritten(*report);
  }

  void write(const rules::Model& model, const PageRow& row, bool visible) {
    const bool deleted = row.deleted || !visible;
    const auto write_as = [&](std::string_view payload) {
      // Who changed or deleted what a client may not see is none of its business either.
      const std::string_view by = visible ? row.written_by : std::string_view();
      writer_.snapshot(row.model, row.entity_id, deleted, payload, row.rev, row.updated_us, by);
    };
    if (deleted) return write_as("{}");
    if (!rules::maps_outbound(model)) return write_as(row.payload);
    write_as(rules::outbound(model, row.payload, times(row.created_us, row.updated_us)));
  }

  const protocol::PullRequest& request_;
  const Reader& reader_;
  std::int64_t rows_max_;
  std::int64_t looked_at_max_;
  bool full_;  // the client asks for everything: nothing of its own is left out
  std::optional<Cursor> cursor_;
  std::int64_t rows_ = 0;
  std::int64_t looked_at_ = 0;
  bool has_more_ = false;
  protocol::PullReplyWriter writer_;
};

/// Whether the cursor lies before what is still known of deletes.
/// During a full pull it may, as long as nothing more was forgotten since that began.
bool is_behind_horizon(const protocol::PullRequest& request, const ScopeHead& head) {
  const std::int64_t complete_from =
      *request.full ? request.horizon_us.value_or(head.horizon_us) : request.cursor->value;
  return complete_from < head.horizon_us;
}

/// Whether what the client has is not what it would have if it had always asked as it asks now: too much was forgotten
/// meanwhile, or it may see other records. And whether it understands what follows from that.
bool must_reset(const protocol::PullRequest& request, const ScopeHead& head, std::string_view view) {
  if (!request.cursor || !request.full) return false;
  return request.view != view || is_behind_horizon(request, head);
}

}  // namespace

Authority::Page Authority::pull(sql::Database& database, const Scope& scope, const protocol::PullRequest& request,
                                std::string_view claims) {
  const auto in_force = models();
  const std::string view = rules::view_of(*in_force, claims);
  const Reader reader{
      .request = request, .limits = options_.limits, .models = *in_force, .claims = claims, .view = view};
  const auto transaction = database.begin(sql::Access::read);
  Ledger ledger(*transaction, scope);
  std::optional<PageBuilder> page(std::in_place, reader, request.cursor);
  const auto take = [&page](const PageRow& row) { return page->take(row); };
  const auto is_asked_for = [&](const Ledger::Front& front) {
    return !front.is_revoked && !must_reset(request, front.head, view);
  };
  Cursor from = request.cursor.value_or(Cursor{0});
  const auto [is_revoked, head, was_overwritten] =
      ledger.front_and_page(request.client_id, from, page->bounds(), is_asked_for, take);
  if (is_revoked) return {.is_revoked = true};
  const bool reset = must_reset(request, head, view);
  if (reset) {
    from = Cursor{0};
    page.emplace(reader, std::nullopt);
    ledger.page(from, page->bounds(), take);
  }
  if (was_overwritten || reset) page->tell_overwritten(ledger, from);
  transaction->commit();
  return std::move(*page).finish(reset, reset || !request.cursor, head, view);
}

}  // namespace tether::authority
