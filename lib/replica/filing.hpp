// SPDX-License-Identifier: MIT
// What became of each mutation of a batch, filed in the log, the records and the conflicts. Internal to lib/replica.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "replica/edits_ahead.hpp"
#include "replica/outbound_mapping.hpp"
#include "replica/outbox.hpp"
#include "replica/push.hpp"
#include "replica/record_row.hpp"
#include "replica/report_room.hpp"

namespace tether::replica {

/// Files the outcomes of one push session. Batches come in log order.
class Filing {
 public:
  /// Notes which entities have failed mutations: those lie beneath whatever is acknowledged later.
  explicit Filing(sql::Transaction& transaction);

  /// Files one batch and counts it in `report`.
  void file(sql::Transaction& transaction, Instant now, const Batch& batch, const std::vector<Outcome>& outcomes,
            PushReport& report);

 private:
  struct Sent {
    const protocol::Mutation* mutation;
    const Place* place;
    const Outcome* outcome;
    bool settled = false;    // a person dealt with it while it was on the wire, so its refusal is nobody's business
    bool overtaken = false;  // it failed behind a newer one that the server had taken before, which settles it
  };
  struct Refusal {
    std::string_view status;
    std::string_view reason;
    std::string_view data;
    std::int64_t attempts;
  };

  void file_in_log(sql::Transaction& transaction, Sent& sent, PushReport& report);
  void acknowledge(sql::Transaction& transaction, const Sent& sent, PushReport& report);
  void file_conflict(sql::Transaction& transaction, Sent& sent, PushReport& report);
  bool file_refusal(sql::Transaction& transaction, Sent& sent, const Refusal& refusal);
  void refuse(sql::Transaction& transaction, Sent& sent, PushReport& report);
  void file_in_record(sql::Transaction& transaction, std::span<const Sent> of_one_entity);
  void settle_older_failed(sql::Transaction& transaction, std::span<const Sent> of_one_entity);
  bool take_as_sent(sql::Transaction& transaction, std::span<const Sent> of_one_entity);
  void compute_anew(sql::Transaction& transaction, std::span<const Sent> of_one_entity);
  std::string taken_by_server(const Sent& sent) const;
  void store(sql::Transaction& transaction, RecordRow row, const rules::LocalState& server, std::int64_t filed);
  void forget_if_others_wrote(sql::Transaction& transaction);
  void lose(sql::Transaction& transaction, const Sent& sent, RecordRow& row, rules::LocalState& server);

  OutboundMappings mappings_;
  // Hashes of the entities that may have an open mutation older than the ones yet to come. A hash too many costs time
  // only.
  std::unordered_set<std::size_t> unsettled_;
  // Of entities with so many open edits that folding them for each batch would take long.
  std::map<EntityKey, EditsAhead> ahead_;
  std::int64_t data_version_ = 0;
  ReportRoom rejections_;
  ReportRoom conflicts_;
  ReportRoom losses_;
  std::string now_;
  std::int64_t now_ms_ = 0;
};

}  // namespace tether::replica
