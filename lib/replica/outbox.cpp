// SPDX-License-Identifier: MIT
#include "replica/outbox.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.hpp"
#include "protocol/payload.hpp"
#include "replica/outbound_mapping.hpp"

namespace tether::replica {
namespace {

using protocol::Mutation;
using Kind = Outcome::Kind;

// Rows are read in groups of this many, so that a batch of large records is cut off without reading far beyond it.
constexpr std::int64_t k_rows_per_read = 50;

// Names, numbers and ids of a mutation as JSON, in bytes: what it adds to a request beside its payload.
constexpr std::size_t k_mutation_overhead = 320;

// `sync_status <> 'synced'` is said again so that SQLite sees that the partial index applies.
constexpr sql::Statement k_read_pending{
    "SELECT id, retry_count, synced_at, mutation_id, entity_id, model, operation, payload, version, timestamp, "
    "base_rev, before FROM tether_mutation_logs "
    "WHERE sync_status = 'pending' AND sync_status <> 'synced' AND id > $1 ORDER BY id LIMIT $2"};

Mutation mutation_in(const sql::Row& row) {
  Mutation mutation;
  mutation.mutation_id = {std::string(row.text(3))};
  mutation.entity_id = {std::string(row.text(4))};
  mutation.model = {std::string(row.text(5))};
  const auto operation = protocol::operation_named(row.text(6));
  if (!operation) {
    throw Error(
        ErrorCode::corrupt,
        "mutation " + mutation.mutation_id.value + " has the unknown operation '" + std::string(row.text(6)) + "'",
        "Run `tether doctor`.");
  }
  mutation.operation = *operation;
  mutation.payload = row.text(7);
  mutation.version = row.integer(8);
  mutation.timestamp_ms = row.integer(9);
  if (!row.is_null(10)) mutation.base_rev = Rev{row.integer(10)};
  if (!row.is_null(11)) mutation.before = std::string(row.text(11));
  return mutation;
}

std::size_t text_bytes(const Mutation& mutation) {
  return mutation.payload.size() + (mutation.before ? mutation.before->size() : 0) + k_mutation_overhead;
}

[[noreturn]] void throw_unexpected(const std::string& message) {
  throw Error(ErrorCode::unexpected_reply, message,
              "Nothing was changed; the mutations stay pending. Is this address really a Tether server?");
}

/// Fills in outcomes by mutation id.
class Matching {
 public:
  explicit Matching(const Batch& batch) : batch_(batch), outcomes_(batch.request.mutations.size()) {
    positions_.reserve(batch.request.mutations.size());
    for (std::size_t i = 0; i < batch.request.mutations.size(); ++i) {
      positions_.emplace(batch.request.mutations[i].mutation_id.value, i);
    }
  }

  std::size_t position(const MutationId& id) const {
    const auto found = positions_.find(id.value);
    if (found == positions_.end())
      throw_unexpected("the server answered mutation " + id.value + ", which was not sent");
    return found->second;
  }

  Outcome& answer(const MutationId& id, Kind kind) {
    Outcome& outcome = outcomes_[position(id)];
    if (outcome.kind != Kind::unanswered) throw_unexpected("the server answered mutation " + id.value + " twice");
    outcome.kind = kind;
    return outcome;
  }

  void reject(const protocol::Rejection& rejection) {
    const bool acknowledged_before = batch_.places[position(rejection.mutation_id)].acknowledged_before;
    if (rejection.reason == protocol::reason::k_duplicate) {
      answer(rejection.mutation_id, Kind::applied).rev = Rev{0};
    } else if (rejection.reason == protocol::reason::k_expired && acknowledged_before) {
      answer(rejection.mutation_id, Kind::known_before);
    } else {
      answer(rejection.mutation_id, Kind::rejected).rejection = &rejection;
    }
  }

  Outcome& answered(const MutationId& id) { return outcomes_[position(id)]; }

  std::vector<Outcome> finish() && {
    const auto missing = std::ranges::find(outcomes_, Kind::unanswered, &Outcome::kind);
    if (missing != outcomes_.end()) {
      const auto index = static_cast<std::size_t>(missing - outcomes_.begin());
      throw_unexpected("the server did not answer mutation " + batch_.request.mutations[index].mutation_id.value);
    }
    return std::move(outcomes_);
  }

 private:
  const Batch& batch_;
  std::vector<Outcome> outcomes_;
  std::unordered_map<std::string_view, std::size_t> positions_;
};

/// Puts it into the batch as it is sent. False: it does not fit any more.
bool add(Batch& batch, Mutation mutation, Place place, const rules::FieldMapping* mapping, std::size_t bytes_max) {
  std::optional<Mutation> sent;
  if (mapping != nullptr) sent = mapping->to_wire(mutation);
  const std::size_t bytes = text_bytes(sent ? *sent : mutation);
  if (!batch.empty() && batch.bytes + bytes > bytes_max) return false;
  batch.bytes += bytes;
  if (sent) std::swap(*sent, mutation);
  if (sent) batch.recorded.emplace(batch.places.size(), *std::move(sent));
  batch.places.push_back(place);
  batch.request.mutations.push_back(std::move(mutation));
  return true;
}

}  // namespace

Batch read_batch(sql::Transaction& transaction, std::int64_t after, const BatchLimits& limits) {
  const OutboundMappings mappings(transaction);
  Batch batch;
  bool full = false;
  while (!full) {
    const std::int64_t left = limits.count - static_cast<std::int64_t>(batch.places.size());
    const std::int64_t wanted = std::min(left, k_rows_per_read);
    if (wanted <= 0) break;
    const std::int64_t found = transaction.run(k_read_pending, {after, wanted}, [&](const sql::Row& row) {
      if (full) return;
      after = row.integer(0);
      Mutation mutation = mutation_in(row);
      if (limits.held.contains({mutation.model, mutation.entity_id})) return;
      const rules::FieldMapping* mapping = mappings.of(mutation.model.value, after);
      if (mapping != nullptr && mapping->is_all_local(mutation)) {
        ++batch.staying;
        return;
      }
      full = !add(batch, std::move(mutation), {after, row.integer(1), !row.is_null(2)}, mapping, limits.bytes);
    });
    if (found < wanted) break;
  }
  return batch;
}

std::size_t entity_hash(std::string_view model, std::string_view entity_id) {
  return std::hash<std::string_view>{}(entity_id)*31 + std::hash<std::string_view>{}(model);
}

std::size_t entity_hash(const Mutation& mutation) {
  return entity_hash(mutation.model.value, mutation.entity_id.value);
}

bool share_a_record(const Batch& one, const Batch& other) {
  const auto hash = [](const Mutation& mutation) { return entity_hash(mutation); };
  std::vector<std::size_t> hashes(one.places.size());
  std::ranges::transform(one.request.mutations, hashes.begin(), hash);
  std::ranges::sort(hashes);
  const auto is_in_one = [&](std::size_t found) { return std::ranges::binary_search(hashes, found); };
  return std::ranges::any_of(other.request.mutations, is_in_one, hash);
}

std::vector<Outcome> matched(const Batch& batch, const protocol::PushReply& reply) {
  Matching matching(batch);
  for (const MutationId& id : reply.applied) matching.answer(id, Kind::applied);
  for (const protocol::Rejection& rejection : reply.rejected) matching.reject(rejection);
  for (const protocol::ConflictReport& report : reply.conflicts) {
    matching.answer(report.mutation_id, Kind::conflict).report = &report;
  }
  for (const auto& [id, rev] : reply.revs) matching.answered(id).rev = rev;
  for (const MutationId& id : reply.merged) {
    Outcome& outcome = matching.answered(id);
    if (outcome.kind == Kind::applied) outcome.kind = Kind::merged;
  }
  for (const protocol::LossReport& loss : reply.lost) {
    Outcome& outcome = matching.answered(loss.mutation_id);
    outcome.loss = &loss;
    if (outcome.kind == Kind::applied) outcome.kind = Kind::merged;
  }
  std::vector<Outcome> outcomes = std::move(matching).finish();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const bool took_effect = outcomes[i].kind == Kind::applied || outcomes[i].kind == Kind::merged;
    if (took_effect && batch.places[i].acknowledged_before) outcomes[i].kind = Kind::known_before;
  }
  return outcomes;
}

protocol::LossReport named_here(protocol::LossReport loss, const rules::FieldMapping* mapping) {
  if (mapping == nullptr) return loss;
  for (std::string& field : loss.fields) field = mapping->name_here(field);
  loss.sent = mapping->from_wire(loss.sent);
  loss.stands = mapping->from_wire(loss.stands);
  return loss;
}

protocol::ConflictReport named_here(protocol::ConflictReport report, const rules::FieldMapping* mapping) {
  if (mapping == nullptr) return report;
  for (std::string& field : report.fields) field = mapping->name_here(field);
  report.server_state = mapping->from_wire(report.server_state);
  return report;
}

protocol::Rejection named_here(protocol::Rejection rejection, const rules::FieldMapping* mapping) {
  if (mapping == nullptr || !protocol::find_member(rejection.data, "messages").starts_with('{')) return rejection;
  protocol::ObjectWriter data;
  for (const protocol::Member& member : protocol::members(rejection.data)) {
    const bool by_field = protocol::same_key(member.key, "messages");
    data.member(member.key, by_field ? mapping->from_wire(member.value) : std::string(member.value));
  }
  rejection.data = std::move(data).finish();
  return rejection;
}

}  // namespace tether::replica
