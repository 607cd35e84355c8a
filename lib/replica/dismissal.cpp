// SPDX-License-Identifier: MIT
#include "replica/dismissal.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

constexpr std::string_view k_dismissed = "dismissed";

constexpr sql::Statement k_open{
    "SELECT mutation_id, sync_status, operation, payload, before FROM tether_mutation_logs "
    "WHERE entity_id = $2 AND model = $1 AND " TETHER_IS_OPEN " ORDER BY id"};

constexpr sql::Statement k_settle{
    "UPDATE tether_mutation_logs SET settled_by = $2, updated_at = $3, "
    "rejection_reason = CASE WHEN sync_status = 'failed' THEN rejection_reason ELSE 'superseded' END, "
    "sync_status = 'failed' WHERE mutation_id = $1"};

struct Edit {
  MutationId id;
  bool waits = false;  // it failed otherwise
  bool given_up = false;
  Operation operation = Operation::update;
  std::string payload;
  std::optional<std::string> before;

  /// The fields that it changed, as far as it is known.
  std::string fields() const { return before ? rules::selected(payload, *before) : payload; }
};

std::vector<Edit> open_edits(sql::Transaction& transaction, const EntityKey& key,
                             std::span<const MutationId> given_up) {
  std::vector<Edit> edits;
  transaction.run(k_open, {key.model.value, key.id.value}, [&](const sql::Row& row) {
    Edit& edit = edits.emplace_back();
    edit.id = {std::string(row.text(0))};
    edit.waits = row.text(1) != "failed";
    edit.given_up = std::ranges::find(given_up, edit.id) != given_up.end();
    edit.operation = protocol::operation_named(row.text(2)).value_or(Operation::update);
    edit.payload = row.text(3);
    if (!row.is_null(4)) edit.before = std::string(row.text(4));
  });
  return edits;
}

bool shows(const rules::LocalState& state) {
  return state.exists && !state.deleted;
}

/// What becomes of the edits that stay.
struct Plan {
  std::vector<const Edit*> hopeless;  // they wait for what will never be there
  const Edit* carrier = nullptr;      // the first that waits with values of what is given up
};

/// Follows the record twice through its open edits: as it was seen, and as it is without those that are given up.
Plan plan_for(const rules::LocalState& server, const std::vector<Edit>& edits) {
  Plan plan;
  rules::LocalState seen = server;
  rules::LocalState without = server;
  std::string given_up = "{}";  // the fields that what is given up had set
  for (const Edit& edit : edits) {
    const bool was_seen = shows(seen);
    seen = rules::after(std::move(seen), edit.operation, edit.payload, edit.before);
    if (edit.given_up) {
      given_up = rules::overlay(given_up, edit.fields());
      continue;
    }
    if (edit.waits && edit.operation != Operation::create && was_seen && !shows(without)) {
      plan.hopeless.push_back(&edit);
      continue;
    }
    without = rules::after(std::move(without), edit.operation, edit.payload, edit.before);
    const bool carries =
        edit.waits && edit.operation != Operation::remove && shows(without) &&
        !rules::same_fields(rules::selected(edit.payload, given_up), rules::selected(without.payload, given_up));
    if (carries && plan.carrier == nullptr) plan.carrier = &edit;
  }
  return plan;
}

Error why_not(const EntityKey& key, const Edit& carrier) {
  return {ErrorCode::exists,
          "edit " + carrier.id.value + " of " + key.model.value + " " + key.id.value +
              ", written after it, waits with its values and would bring them to the server after all",
          "Push first; what the server then refuses can be given up together."};
}

}  // namespace

std::optional<Error> give_up(File& file, sql::Transaction& transaction, const EntityKey& key,
                             std::span<const MutationId> given_up, Dismissal& dismissal) {
  RecordRow row = read_record(transaction, key).value_or(RecordRow{.key = key});
  const rules::LocalState server = server_state(row);
  const std::vector<Edit> edits = open_edits(transaction, key, given_up);
  const Plan plan = plan_for(server, edits);
  if (plan.carrier != nullptr) return why_not(key, *plan.carrier);
  const Instant now = file.clock().now();
  const std::string at = rfc3339_ms(now);
  for (const MutationId& id : given_up) transaction.run(k_settle, {id.value, k_dismissed, at});
  for (const Edit* edit : plan.hopeless) {
    transaction.run(k_settle, {edit->id.value, k_dismissed, at});
    dismissal.along.push_back({edit->id, key, edit->operation});
  }
  row.updated_at_ms = to_ms(now);
  store_over(transaction, std::move(row), server);
  dismissal.dismissed += static_cast<std::int64_t>(given_up.size());
  return std::nullopt;
}

}  // namespace tether::replica
