// SPDX-License-Identifier: MIT
// Verbs for tests of resolve: one record, mutations that meet it, and answers as letters.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <variant>

#include "rules/resolve.hpp"

namespace tether::rules::fixture {

using protocol::Mutation;
using protocol::Operation;

inline const ClientId ann{"ann"};
inline const ClientId ben{"ben"};

enum class State { absent, live, deleted };
enum class Seen { latest, older, unsaid };      // by base_rev: the record's rev, an older one, or no base_rev at all
enum class Edited { earlier, same_ms, later };  // against the record's written_at

/// The record that every case meets: last written by ben at 1000 ms, rev 5.
inline Record record_in(State state) {
  if (state == State::absent) return {};
  return {.rev = Rev{5},
          .payload = R"({"title":"pump","done":true})",
          .deleted = state == State::deleted,
          .written_at_ms = 1000,
          .written_by = ben,
          .written_version = 3,
          .updated_at = Cursor{77}};
}

inline Mutation mutation_of(Operation operation, Seen seen) {
  Mutation mutation{.mutation_id = MutationId{"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
                    .entity_id = EntityId{"e"},
                    .model = ModelName{"Task"},
                    .operation = operation};
  if (operation != Operation::remove) mutation.payload = R"({"title":"valve","done":false})";
  mutation.version = 4;
  if (seen == Seen::latest) mutation.base_rev = Rev{5};
  if (seen == Seen::older) mutation.base_rev = Rev{4};
  if (operation == Operation::update && seen != Seen::unsaid) mutation.before = R"({"title":"pump"})";
  return mutation;
}

inline std::int64_t time_of(Edited edited) {
  return edited == Edited::earlier ? 999 : edited == Edited::same_ms ? 1000 : 1001;
}

/// a applied, u applied and nothing changed, m merged field by field, c conflict, n not_found, ? somebody else decides.
inline char answer_to(const Outcome& outcome) {
  if (std::holds_alternative<Undecided>(outcome)) return '?';
  if (std::holds_alternative<Conflict>(outcome)) return 'c';
  if (const auto* rejected = std::get_if<Rejected>(&outcome)) {
    CHECK(rejected->reason == "not_found");
    return 'n';
  }
  const auto& applied = std::get<Applied>(outcome);
  if (applied.after.rev == Rev{5}) return 'u';
  return applied.after.payload == R"({"title":"valve","done":true})" ? 'm' : 'a';
}

constexpr Policy k_policies[] = {Policy::last_write_wins, Policy::server_wins, Policy::client_wins,
                                 Policy::merge,           Policy::manual,      Policy::exec};

constexpr auto C = Operation::create;
constexpr auto U = Operation::update;
constexpr auto D = Operation::remove;

inline Model with_policy(Policy policy) {
  return {.policy = policy};
}

inline Applied applied(const Outcome& outcome) {
  REQUIRE(std::holds_alternative<Applied>(outcome));
  return std::get<Applied>(outcome);
}

}  // namespace tether::rules::fixture
