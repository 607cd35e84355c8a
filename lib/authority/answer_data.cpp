// SPDX-License-Identifier: MIT
#include "authority/answer_data.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "authority/ledger.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"
#include "rules/fields.hpp"
#include "rules/mapping.hpp"
#include "rules/untold.hpp"

namespace tether::authority {
namespace {

std::string with_tether_id(std::string_view payload, const EntityId& id) {
  protocol::ObjectWriter state;
  for (const auto& member : protocol::members(payload)) {
    if (!protocol::same_key(member.key, "tether_id")) state.member(member.key, member.value);
  }
  state.text_member("tether_id", id.value);
  return std::move(state).finish();
}

/// Every member of both.
std::string joined(std::string_view one, std::string_view other) {
  protocol::ObjectWriter out;
  for (const std::string_view object : {one, other}) {
    for (const auto& member : protocol::members(object)) out.member(member.key, member.value);
  }
  return std::move(out).finish();
}

void add_if_there(protocol::ObjectWriter& out, std::string_view object, std::string_view field) {
  const std::string_view value = protocol::find_member(object, field);
  if (value.empty()) return;
  std::string quoted;
  append_json_quoted(quoted, field);
  out.member(std::string_view(quoted).substr(1, quoted.size() - 2), value);
}

}  // namespace

std::string too_large_data(std::size_t bytes, std::size_t bytes_max) {
  const std::string message =
      "[\"is " + std::to_string(bytes) + " bytes long; at most " + std::to_string(bytes_max) + " are accepted\"]";
  protocol::ObjectWriter messages;
  messages.member("payload", message);
  protocol::ObjectWriter data;
  data.member("messages", std::move(messages).finish());
  return std::move(data).finish();
}

protocol::ConflictReport report(const protocol::Mutation& mutation, const rules::Record& record,
                                const rules::Model& model, rules::Conflict conflict, bool by_program) {
  const auto state = [&] {
    if (!rules::maps_outbound(model)) return with_tether_id(record.payload, mutation.entity_id);
    const auto when = times(record.created_us, record.updated_at.value);
    return with_tether_id(rules::outbound(model, record.payload, when), mutation.entity_id);
  };
  return {.mutation_id = mutation.mutation_id,
          .server_state = record.deleted ? "{}" : state(),
          .server_updated_at_us = record.updated_at.value,
          .server_rev = record.rev,
          .fields = std::move(conflict.fields),
          .deleted = record.deleted,
          .server_written_by = record.written_by,
          .by_program = by_program};
}

std::string names_array(const std::vector<std::string>& names) {
  std::string out;
  protocol::JsonWriter writer(out);
  writer.begin_array();
  for (const std::string& name : names) writer.text(name);
  writer.end_array();
  return out;
}

std::string overwritten_data(const std::vector<std::string>& names, bool by_program) {
  if (!by_program) return names_array(names);
  return R"({"fields":)" + names_array(names) + R"(,"by_program":true})";
}

std::string by_program(std::string_view data) {
  return joined(protocol::without_member(data, "by_program"), R"({"by_program":true})");
}

protocol::LossReport Merge::report() const {
  protocol::LossReport report{
      .mutation_id = sent.mutation_id, .deleted = applied.after.deleted, .by_program = by_program};
  if (!applied.lost_to_rules) {
    report.server_written_by = met.written_by;
    report.server_updated_at_us = met.updated_at.value;
  }
  std::string stands = "{}";
  if (!applied.after.deleted && rules::is_visible(model, applied.after.payload, claims)) {
    stands = rules::outbound(model, applied.after.payload, times(met.created_us, met.updated_at.value));
  }
  protocol::ObjectWriter values_sent;
  protocol::ObjectWriter values_standing;
  for (const std::string& field : applied.lost) {
    if (!rules::tells_loss(model, field)) continue;
    report.fields.push_back(rules::outbound_name(model, field));
    add_if_there(values_sent, sent.payload, report.fields.back());
    add_if_there(values_standing, stands, report.fields.back());
  }
  for (const std::string& name : applied.unstored) {
    report.fields.push_back(name);
    add_if_there(values_sent, sent.payload, name);
  }
  report.sent = std::move(values_sent).finish();
  report.stands = std::move(values_standing).finish();
  return report;
}

std::string lost_data(const Merge& merge) {
  std::vector<std::string> lost = merge.applied.lost;
  std::ranges::copy(merge.applied.unstored, std::back_inserter(lost));
  protocol::ObjectWriter names;
  names.member("lost", names_array(lost));
  return joined(std::move(names).finish(), protocol::encode_loss_data(merge.report()));
}

std::optional<protocol::OverwriteReport> told_overwrite(const Untold& untold, const rules::Model& model,
                                                        std::string_view claims) {
  const Loss& loss = untold.loss;
  if (!rules::is_visible(model, loss.payload, claims)) return std::nullopt;
  protocol::OverwriteReport report{.mutation_id = loss.mutation_id,
                                   .key = {loss.model, loss.entity_id},
                                   .version = untold.written_version,
                                   .written_at_ms = loss.written_ms,
                                   .deleted = loss.deleted,
                                   .server_updated_at_us = loss.won_us,
                                   .by_program = loss.by_program};
  const bool may_see_what_stands =
      model.visible.empty() || (untold.stands && rules::is_visible(model, *untold.stands, claims));
  if (may_see_what_stands) report.server_written_by = loss.won_by;
  if (loss.deleted) return report;
  const std::string told = rules::outbound(model, loss.payload, times(loss.written_ms * 1000, loss.written_ms * 1000));
  protocol::ObjectWriter lost;
  for (const std::string_view name : rules::elements(loss.detail)) {
    const std::string field = protocol::unescaped(name.substr(1, name.size() - 2));
    if (!rules::is_told(model, field)) continue;
    report.fields.push_back(rules::outbound_name(model, field));
    add_if_there(lost, told, report.fields.back());
  }
  if (report.fields.empty()) return std::nullopt;
  report.lost = std::move(lost).finish();
  return report;
}

std::optional<protocol::LossReport> told_loss(const MutationId& id, std::string_view data) {
  if (data.empty()) return std::nullopt;
  protocol::LossReport report = protocol::decode_loss_data(id, data);
  if (report.fields.empty()) return std::nullopt;
  return report;
}

}  // namespace tether::authority
