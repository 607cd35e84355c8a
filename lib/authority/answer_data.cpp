// SPDX-License-Identifier: MIT
#include "authority/answer_data.hpp"

#include <utility>

#include "authority/ledger.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/payload.hpp"
#include "rules/mapping.hpp"

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
                                const rules::Model& model, rules::Conflict conflict) {
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
          .deleted = record.deleted};
}

std::string names_array(const std::vector<std::string>& names) {
  std::string out;
  protocol::JsonWriter writer(out);
  writer.begin_array();
  for (const std::string& name : names) writer.text(name);
  writer.end_array();
  return out;
}

std::string lost_data(const std::vector<std::string>& fields) {
  protocol::ObjectWriter data;
  data.member("lost", names_array(fields));
  return std::move(data).finish();
}

}  // namespace tether::authority
