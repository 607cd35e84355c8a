// SPDX-License-Identifier: MIT
// Verbs for this room's tests: mutations as clients write them, with ids that are numbers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "protocol/messages.hpp"

namespace tether::authority::fixture {

constexpr std::int64_t k_start_ms = 1'795'000'000'000;  // when the server's clock starts; edits are made shortly before

/// The mutation id that ends in `number`.
inline std::string id(int number) {
  const std::string digits = std::to_string(number);
  return std::string(26 - digits.size(), '0') + digits;
}

inline protocol::Mutation mutation(int number, protocol::Operation operation, const std::string& entity,
                                   const std::string& payload) {
  return {.mutation_id = MutationId{id(number)},
          .entity_id = EntityId{entity},
          .model = ModelName{"Task"},
          .operation = operation,
          .payload = payload,
          .version = number,
          .timestamp_ms = k_start_ms - 10'000 + number,
          .base_rev = {},
          .before = {}};
}
inline protocol::Mutation create(int number, const std::string& entity, const std::string& payload = "{}") {
  return mutation(number, protocol::Operation::create, entity, payload);
}
inline protocol::Mutation update(int number, const std::string& entity, const std::string& payload) {
  return mutation(number, protocol::Operation::update, entity, payload);
}
inline protocol::Mutation remove(int number, const std::string& entity) {
  return mutation(number, protocol::Operation::remove, entity, "{}");
}
/// As written by a client that had seen revision `rev`.
inline protocol::Mutation seeing(std::int64_t rev, protocol::Mutation mutation) {
  mutation.base_rev = Rev{rev};
  return mutation;
}
inline protocol::Mutation written_at(std::int64_t timestamp_ms, protocol::Mutation mutation) {
  mutation.timestamp_ms = timestamp_ms;
  return mutation;
}

/// The number that a mutation id ends in.
inline std::string number_of(const MutationId& id) {
  const auto first = id.value.find_first_not_of('0');
  return first == std::string::npos ? "0" : id.value.substr(first);
}

}  // namespace tether::authority::fixture
