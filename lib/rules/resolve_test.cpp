// SPDX-License-Identifier: MIT
#include "rules/resolve.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace tether::rules {
namespace {

using protocol::Mutation;
using protocol::Operation;

const ClientId ann{"ann"};
const ClientId ben{"ben"};

enum class State { absent, live, deleted };
enum class Seen { latest, older, unsaid };      // by base_rev: the record's rev, an older one, or no base_rev at all
enum class Edited { earlier, same_ms, later };  // against the record's written_at
enum class Answer { applied, unchanged, conflict, not_found };

/// The record that every case meets: last written by ben at 1000 ms, rev 5.
Record record_in(State state) {
  if (state == State::absent) return {};
  return {.rev = Rev{5},
          .payload = R"({"title":"pump","done":false})",
          .deleted = state == State::deleted,
          .written_at_ms = 1000,
          .written_by = ben,
          .written_version = 3,
          .updated_at = Cursor{77}};
}

Mutation mutation_of(Operation operation, Seen seen) {
  Mutation mutation{.mutation_id = MutationId{"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
                    .entity_id = EntityId{"e"},
                    .model = ModelName{"Task"},
                    .operation = operation};
  if (operation != Operation::remove) mutation.payload = R"({"title":"valve","done":false})";
  mutation.version = 4;
  if (seen == Seen::latest) mutation.base_rev = Rev{5};
  if (seen == Seen::older) mutation.base_rev = Rev{4};
  return mutation;
}

std::int64_t time_of(Edited edited) {
  return edited == Edited::earlier ? 999 : edited == Edited::same_ms ? 1000 : 1001;
}

Answer answer_to(const Outcome& outcome) {
  if (const auto* applied = std::get_if<Applied>(&outcome)) {
    return applied->after.updated_at == Cursor{77} && applied->after.rev == Rev{5} ? Answer::unchanged
                                                                                   : Answer::applied;
  }
  if (std::holds_alternative<Conflict>(outcome)) return Answer::conflict;
  CHECK(std::get<Rejected>(outcome).reason == "not_found");
  return Answer::not_found;
}

struct Case {
  Operation operation;
  State state;
  Seen seen;
  Edited edited;
  Answer from_another;   // ann, who did not write the record
  Answer from_the_same;  // ben, who did
};

constexpr auto C = Operation::create;
constexpr auto U = Operation::update;
constexpr auto D = Operation::remove;
constexpr auto k_applied = Answer::applied;
constexpr auto k_unchanged = Answer::unchanged;
constexpr auto k_conflict = Answer::conflict;
constexpr auto k_not_found = Answer::not_found;

// Every combination of operation × record × detection × edit time, for another writer and for the same.
constexpr Case k_table[] = {
    {C, State::absent, Seen::latest, Edited::earlier, k_applied, k_applied},
    {C, State::absent, Seen::latest, Edited::same_ms, k_applied, k_applied},
    {C, State::absent, Seen::latest, Edited::later, k_applied, k_applied},
    {C, State::absent, Seen::older, Edited::earlier, k_applied, k_applied},
    {C, State::absent, Seen::older, Edited::same_ms, k_applied, k_applied},
    {C, State::absent, Seen::older, Edited::later, k_applied, k_applied},
    {C, State::absent, Seen::unsaid, Edited::earlier, k_applied, k_applied},
    {C, State::absent, Seen::unsaid, Edited::same_ms, k_applied, k_applied},
    {C, State::absent, Seen::unsaid, Edited::later, k_applied, k_applied},
    {C, State::live, Seen::latest, Edited::earlier, k_applied, k_applied},
    {C, State::live, Seen::latest, Edited::same_ms, k_applied, k_applied},
    {C, State::live, Seen::latest, Edited::later, k_applied, k_applied},
    {C, State::live, Seen::older, Edited::earlier, k_conflict, k_applied},
    {C, State::live, Seen::older, Edited::same_ms, k_applied, k_applied},
    {C, State::live, Seen::older, Edited::later, k_applied, k_applied},
    {C, State::live, Seen::unsaid, Edited::earlier, k_applied, k_applied},
    {C, State::live, Seen::unsaid, Edited::same_ms, k_applied, k_applied},
    {C, State::live, Seen::unsaid, Edited::later, k_applied, k_applied},
    {C, State::deleted, Seen::latest, Edited::earlier, k_applied, k_applied},
    {C, State::deleted, Seen::latest, Edited::same_ms, k_applied, k_applied},
    {C, State::deleted, Seen::latest, Edited::later, k_applied, k_applied},
    {C, State::deleted, Seen::older, Edited::earlier, k_conflict, k_applied},
    {C, State::deleted, Seen::older, Edited::same_ms, k_applied, k_applied},
    {C, State::deleted, Seen::older, Edited::later, k_applied, k_applied},
    {C, State::deleted, Seen::unsaid, Edited::earlier, k_applied, k_applied},
    {C, State::deleted, Seen::unsaid, Edited::same_ms, k_applied, k_applied},
    {C, State::deleted, Seen::unsaid, Edited::later, k_applied, k_applied},

    {U, State::absent, Seen::latest, Edited::earlier, k_not_found, k_not_found},
    {U, State::absent, Seen::latest, Edited::same_ms, k_not_found, k_not_found},
    {U, State::absent, Seen::latest, Edited::later, k_not_found, k_not_found},
    {U, State::absent, Seen::older, Edited::earlier, k_not_found, k_not_found},
    {U, State::absent, Seen::older, Edited::same_ms, k_not_found, k_not_found},
    {U, State::absent, Seen::older, Edited::later, k_not_found, k_not_found},
    {U, State::absent, Seen::unsaid, Edited::earlier, k_not_found, k_not_found},
    {U, State::absent, Seen::unsaid, Edited::same_ms, k_not_found, k_not_found},
    {U, State::absent, Seen::unsaid, Edited::later, k_not_found, k_not_found},
    {U, State::live, Seen::latest, Edited::earlier, k_applied, k_applied},
    {U, State::live, Seen::latest, Edited::same_ms, k_applied, k_applied},
    {U, State::live, Seen::latest, Edited::later, k_applied, k_applied},
    {U, State::live, Seen::older, Edited::earlier, k_conflict, k_applied},
    {U, State::live, Seen::older, Edited::same_ms, k_applied, k_applied},
    {U, State::live, Seen::older, Edited::later, k_applied, k_applied},
    {U, State::live, Seen::unsaid, Edited::earlier, k_conflict, k_applied},
    {U, State::live, Seen::unsaid, Edited::same_ms, k_applied, k_applied},
    {U, State::live, Seen::unsaid, Edited::later, k_applied, k_applied},
    {U, State::deleted, Seen::latest, Edited::earlier, k_conflict, k_conflict},
    {U, State::deleted, Seen::latest, Edited::same_ms, k_conflict, k_conflict},
    {U, State::deleted, Seen::latest, Edited::later, k_conflict, k_conflict},
    {U, State::deleted, Seen::older, Edited::earlier, k_conflict, k_conflict},
    {U, State::deleted, Seen::older, Edited::same_ms, k_conflict, k_conflict},
    {U, State::deleted, Seen::older, Edited::later, k_conflict, k_conflict},
    {U, State::deleted, Seen::unsaid, Edited::earlier, k_not_found, k_not_found},
    {U, State::deleted, Seen::unsaid, Edited::same_ms, k_not_found, k_not_found},
    {U, State::deleted, Seen::unsaid, Edited::later, k_not_found, k_not_found},

    {D, State::absent, Seen::latest, Edited::earlier, k_not_found, k_not_found},
    {D, State::absent, Seen::latest, Edited::same_ms, k_not_found, k_not_found},
    {D, State::absent, Seen::latest, Edited::later, k_not_found, k_not_found},
    {D, State::absent, Seen::older, Edited::earlier, k_not_found, k_not_found},
    {D, State::absent, Seen::older, Edited::same_ms, k_not_found, k_not_found},
    {D, State::absent, Seen::older, Edited::later, k_not_found, k_not_found},
    {D, State::absent, Seen::unsaid, Edited::earlier, k_not_found, k_not_found},
    {D, State::absent, Seen::unsaid, Edited::same_ms, k_not_found, k_not_found},
    {D, State::absent, Seen::unsaid, Edited::later, k_not_found, k_not_found},
    {D, State::live, Seen::latest, Edited::earlier, k_applied, k_applied},
    {D, State::live, Seen::latest, Edited::same_ms, k_applied, k_applied},
    {D, State::live, Seen::latest, Edited::later, k_applied, k_applied},
    {D, State::live, Seen::older, Edited::earlier, k_conflict, k_applied},
    {D, State::live, Seen::older, Edited::same_ms, k_applied, k_applied},
    {D, State::live, Seen::older, Edited::later, k_applied, k_applied},
    {D, State::live, Seen::unsaid, Edited::earlier, k_conflict, k_applied},
    {D, State::live, Seen::unsaid, Edited::same_ms, k_applied, k_applied},
    {D, State::live, Seen::unsaid, Edited::later, k_applied, k_applied},
    {D, State::deleted, Seen::latest, Edited::earlier, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::latest, Edited::same_ms, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::latest, Edited::later, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::older, Edited::earlier, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::older, Edited::same_ms, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::older, Edited::later, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::unsaid, Edited::earlier, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::unsaid, Edited::same_ms, k_unchanged, k_unchanged},
    {D, State::deleted, Seen::unsaid, Edited::later, k_unchanged, k_unchanged},
};

static_assert(std::size(k_table) == 3 * 3 * 3 * 3, "operations × states × detections × times");

TEST_CASE("every combination of operation, record, detection and edit time has its outcome") {
  for (const auto& c : k_table) {
    CAPTURE(protocol::name(c.operation));
    CAPTURE(static_cast<int>(c.state));
    CAPTURE(static_cast<int>(c.seen));
    CAPTURE(static_cast<int>(c.edited));
    const auto mutation = mutation_of(c.operation, c.seen);
    const auto record = record_in(c.state);
    const auto at = time_of(c.edited);
    CHECK(answer_to(resolve(mutation, record, {ann, at}, Policy::last_write_wins)) == c.from_another);
    CHECK(answer_to(resolve(mutation, record, {ben, at}, Policy::last_write_wins)) == c.from_the_same);
  }
}

Applied applied(const Outcome& outcome) {
  REQUIRE(std::holds_alternative<Applied>(outcome));
  return std::get<Applied>(outcome);
}

Applied apply(const Mutation& mutation, const Record& record, std::int64_t at = 2000) {
  return applied(resolve(mutation, record, {ann, at}, Policy::last_write_wins));
}

TEST_CASE("an applied update is the next revision, written by its sender at its edit time") {
  const auto result = apply(mutation_of(U, Seen::latest), record_in(State::live));
  CHECK(result.after.rev == Rev{6});
  CHECK(result.after.written_by == ann);
  CHECK(result.after.written_at_ms == 2000);
  CHECK(result.after.written_version == 4);
  CHECK(result.after.payload == R"({"title":"valve","done":false})");
  CHECK_FALSE(result.merged);
}

TEST_CASE("a payload that names every field is stored as it was sent, in its own order") {
  auto mutation = mutation_of(U, Seen::latest);
  mutation.payload = R"({"done" : true,"title":"valve"})";
  const auto result = apply(mutation, record_in(State::live));
  CHECK(result.after.payload == R"({"done" : true,"title":"valve"})");
  CHECK(result.after.as_sent);
  CHECK_FALSE(result.merged);
}

TEST_CASE("fields that a payload does not name stay, and the sender is told") {
  auto mutation = mutation_of(U, Seen::latest);
  mutation.payload = R"({"done":true,"note":null})";
  const auto result = apply(mutation, record_in(State::live));
  CHECK(result.after.payload == R"({"title":"pump","done":true,"note":null})");
  CHECK_FALSE(result.after.as_sent);
  CHECK(result.merged);
}

TEST_CASE("a delete keeps the last state for whoever looks for it") {
  const auto result = apply(mutation_of(D, Seen::latest), record_in(State::live));
  CHECK(result.after.deleted);
  CHECK(result.after.payload == R"({"title":"pump","done":false})");
  CHECK(result.after.rev == Rev{6});
}

TEST_CASE("a create over a tombstone starts anew") {
  auto mutation = mutation_of(C, Seen::latest);
  mutation.payload = R"({"note":"again"})";
  const auto result = apply(mutation, record_in(State::deleted));
  CHECK_FALSE(result.after.deleted);
  CHECK(result.after.payload == R"({"note":"again"})");
  CHECK(result.after.rev == Rev{6});
  CHECK_FALSE(result.merged);
}

TEST_CASE("a conflict names the fields in which the two differ") {
  auto mutation = mutation_of(U, Seen::older);
  mutation.payload = R"({"title":"valve","done":false,"note":"x"})";
  const auto outcome = resolve(mutation, record_in(State::live), {ann, 1}, Policy::last_write_wins);
  REQUIRE(std::holds_alternative<Conflict>(outcome));
  CHECK(std::get<Conflict>(outcome).fields == std::vector<std::string>{"title", "note"});
}

TEST_CASE("two people who wrote the same do not disagree") {
  auto mutation = mutation_of(U, Seen::older);
  mutation.payload = R"({"done":false,"title":"p\u0075mp"})";
  const auto result = applied(resolve(mutation, record_in(State::live), {ann, 1}, Policy::last_write_wins));
  CHECK(result.after.rev == Rev{5});
  CHECK(result.after.written_by == ben);
  CHECK_FALSE(result.merged);
  mutation.payload = R"({"title":"pump"})";
  CHECK(applied(resolve(mutation, record_in(State::live), {ann, 1}, Policy::last_write_wins)).merged);
}

TEST_CASE("an edit time from a server clock that was ahead locks nobody out once it is mended") {
  auto record = record_in(State::live);
  record.written_at_ms = 9'000;
  const Writer writer{.client = ann, .written_at_ms = 2'000, .now_ms = 2'000};
  CHECK(answer_to(resolve(mutation_of(U, Seen::older), record, writer, Policy::last_write_wins)) == k_applied);
  CHECK(answer_to(resolve(mutation_of(U, Seen::unsaid), record, writer, Policy::last_write_wins)) == k_applied);
}

TEST_CASE("a client that offline created and edited does not conflict with itself") {
  Record record;
  Writer ann_writes{ann, 100};
  auto create = mutation_of(C, Seen::unsaid);
  create.version = 1;
  create.base_rev = Rev{0};
  record = applied(resolve(create, record, ann_writes, Policy::last_write_wins)).after;
  auto update = mutation_of(U, Seen::unsaid);
  update.version = 2;
  update.base_rev = Rev{0};
  ann_writes.written_at_ms = 50;  // her clock went back
  record = applied(resolve(update, record, ann_writes, Policy::last_write_wins)).after;
  CHECK(record.rev == Rev{2});
}

TEST_CASE("a copy of a client's file does not overwrite what the original wrote") {
  // ben's version 3 made rev 5; his copied laptop also counts 3 for its own next edit, having seen rev 4.
  auto copied = mutation_of(U, Seen::older);
  copied.version = 3;
  CHECK(conflicts(copied, record_in(State::live), {ben, 999}));
  CHECK(answer_to(resolve(copied, record_in(State::live), {ben, 999}, Policy::last_write_wins)) == k_conflict);
  copied.version = 4;
  CHECK_FALSE(conflicts(copied, record_in(State::live), {ben, 999}));
}

TEST_CASE("the version of the original client detects nothing") {
  auto mutation = mutation_of(U, Seen::unsaid);
  mutation.version = 1;
  CHECK_FALSE(conflicts(mutation, record_in(State::live), {ben, 1}));
}

TEST_CASE("an edit time is moved by the skew of its sender's clock and never later than now") {
  CHECK(corrected_edit_time(1'000, std::nullopt, 5'000) == 1'000);
  CHECK(corrected_edit_time(9'000, std::nullopt, 5'000) == 5'000);
  CHECK(corrected_edit_time(11'000, 12'000, 5'000) == 4'000);  // 7 s fast
  CHECK(corrected_edit_time(1'000, 2'000, 5'000) == 4'000);    // 3 s slow
  CHECK(corrected_edit_time(3'000, 2'000, 5'000) == 5'000);    // written after it was sent: its clock went back
}

TEST_CASE("absurd clocks overflow nothing") {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  for (const auto timestamp : {least, std::int64_t{0}, most}) {
    for (const auto sent : {least, std::int64_t{0}, most}) {
      CHECK(corrected_edit_time(timestamp, sent, 1'763'757'000'123) <= 1'763'757'000'123);
    }
  }
}

}  // namespace
}  // namespace tether::rules
