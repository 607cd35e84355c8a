// SPDX-License-Identifier: MIT
#include "rules/resolve.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "rules/resolve_fixture.hpp"

namespace tether::rules {
namespace {

using namespace fixture;
using protocol::Mutation;

struct Case {
  Operation operation;
  State state;
  Seen seen;
  Edited edited;
  const char* from_another;   // ann, who did not write the record: an answer for each of k_policies
  const char* from_the_same;  // ben, who did
};

// clang-format off
// Every combination of operation × record × detection × edit time, for another writer and for the same, by policy.
constexpr Case k_table[] = {
    {C, State::absent, Seen::latest, Edited::earlier, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::latest, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::latest, Edited::later, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::older, Edited::earlier, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::older, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::older, Edited::later, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::unsaid, Edited::earlier, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::unsaid, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {C, State::absent, Seen::unsaid, Edited::later, "aaaaaa", "aaaaaa"},
    {C, State::live, Seen::latest, Edited::earlier, "aaaaaa", "aaaaaa"},
    {C, State::live, Seen::latest, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {C, State::live, Seen::latest, Edited::later, "aaaaaa", "aaaaaa"},
    {C, State::live, Seen::older, Edited::earlier, "ccacc?", "aaaaaa"},
    {C, State::live, Seen::older, Edited::same_ms, "acaac?", "aaaaaa"},
    {C, State::live, Seen::older, Edited::later, "acaac?", "aaaaaa"},
    {C, State::live, Seen::unsaid, Edited::earlier, "aaaaaa", "aaaaaa"},
    {C, State::live, Seen::unsaid, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {C, State::live, Seen::unsaid, Edited::later, "aaaaaa", "aaaaaa"},
    {C, State::deleted, Seen::latest, Edited::earlier, "aaaaaa", "aaaaaa"},
    {C, State::deleted, Seen::latest, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {C, State::deleted, Seen::latest, Edited::later, "aaaaaa", "aaaaaa"},
    {C, State::deleted, Seen::older, Edited::earlier, "ccacc?", "aaaaaa"},
    {C, State::deleted, Seen::older, Edited::same_ms, "acaac?", "aaaaaa"},
    {C, State::deleted, Seen::older, Edited::later, "acaac?", "aaaaaa"},
    {C, State::deleted, Seen::unsaid, Edited::earlier, "aaaaaa", "aaaaaa"},
    {C, State::deleted, Seen::unsaid, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {C, State::deleted, Seen::unsaid, Edited::later, "aaaaaa", "aaaaaa"},

    {U, State::absent, Seen::latest, Edited::earlier, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::latest, Edited::same_ms, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::latest, Edited::later, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::older, Edited::earlier, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::older, Edited::same_ms, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::older, Edited::later, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::unsaid, Edited::earlier, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::unsaid, Edited::same_ms, "nnnnnn", "nnnnnn"},
    {U, State::absent, Seen::unsaid, Edited::later, "nnnnnn", "nnnnnn"},
    {U, State::live, Seen::latest, Edited::earlier, "mmmmmm", "mmmmmm"},
    {U, State::live, Seen::latest, Edited::same_ms, "mmmmmm", "mmmmmm"},
    {U, State::live, Seen::latest, Edited::later, "mmmmmm", "mmmmmm"},
    {U, State::live, Seen::older, Edited::earlier, "ccamc?", "mmmmm?"},
    {U, State::live, Seen::older, Edited::same_ms, "acamc?", "mmmmm?"},
    {U, State::live, Seen::older, Edited::later, "acamc?", "mmmmm?"},
    {U, State::live, Seen::unsaid, Edited::earlier, "ccacc?", "aaaaaa"},
    {U, State::live, Seen::unsaid, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {U, State::live, Seen::unsaid, Edited::later, "aaaaaa", "aaaaaa"},
    {U, State::deleted, Seen::latest, Edited::earlier, "ccccc?", "ccccc?"},
    {U, State::deleted, Seen::latest, Edited::same_ms, "ccccc?", "ccccc?"},
    {U, State::deleted, Seen::latest, Edited::later, "ccccc?", "ccccc?"},
    {U, State::deleted, Seen::older, Edited::earlier, "ccccc?", "ccccc?"},
    {U, State::deleted, Seen::older, Edited::same_ms, "ccccc?", "ccccc?"},
    {U, State::deleted, Seen::older, Edited::later, "ccccc?", "ccccc?"},
    {U, State::deleted, Seen::unsaid, Edited::earlier, "nnnnnn", "nnnnnn"},
    {U, State::deleted, Seen::unsaid, Edited::same_ms, "nnnnnn", "nnnnnn"},
    {U, State::deleted, Seen::unsaid, Edited::later, "nnnnnn", "nnnnnn"},

    {D, State::absent, Seen::latest, Edited::earlier, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::latest, Edited::same_ms, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::latest, Edited::later, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::older, Edited::earlier, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::older, Edited::same_ms, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::older, Edited::later, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::unsaid, Edited::earlier, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::unsaid, Edited::same_ms, "nnnnnn", "nnnnnn"},
    {D, State::absent, Seen::unsaid, Edited::later, "nnnnnn", "nnnnnn"},
    {D, State::live, Seen::latest, Edited::earlier, "aaaaaa", "aaaaaa"},
    {D, State::live, Seen::latest, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {D, State::live, Seen::latest, Edited::later, "aaaaaa", "aaaaaa"},
    {D, State::live, Seen::older, Edited::earlier, "ccacc?", "aaaaaa"},
    {D, State::live, Seen::older, Edited::same_ms, "acaac?", "aaaaaa"},
    {D, State::live, Seen::older, Edited::later, "acaac?", "aaaaaa"},
    {D, State::live, Seen::unsaid, Edited::earlier, "ccacc?", "aaaaaa"},
    {D, State::live, Seen::unsaid, Edited::same_ms, "aaaaaa", "aaaaaa"},
    {D, State::live, Seen::unsaid, Edited::later, "aaaaaa", "aaaaaa"},
    {D, State::deleted, Seen::latest, Edited::earlier, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::latest, Edited::same_ms, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::latest, Edited::later, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::older, Edited::earlier, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::older, Edited::same_ms, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::older, Edited::later, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::unsaid, Edited::earlier, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::unsaid, Edited::same_ms, "uuuuuu", "uuuuuu"},
    {D, State::deleted, Seen::unsaid, Edited::later, "uuuuuu", "uuuuuu"},
};
// clang-format on

static_assert(std::size(k_table) == 3 * 3 * 3 * 3, "operations × states × detections × times");

TEST_CASE("every combination of operation, record, detection, edit time and policy has its outcome") {
  for (const auto& c : k_table) {
    CAPTURE(protocol::name(c.operation));
    CAPTURE(static_cast<int>(c.state));
    CAPTURE(static_cast<int>(c.seen));
    CAPTURE(static_cast<int>(c.edited));
    const auto mutation = mutation_of(c.operation, c.seen);
    const auto record = record_in(c.state);
    const auto at = time_of(c.edited);
    std::string from_another;
    std::string from_the_same;
    for (const Policy policy : k_policies) {
      from_another += answer_to(resolve(mutation, record, {ann, at}, with_policy(policy)));
      from_the_same += answer_to(resolve(mutation, record, {ben, at}, with_policy(policy)));
    }
    CHECK(from_another == c.from_another);
    CHECK(from_the_same == c.from_the_same);
  }
}

TEST_CASE("whose own edit was put over somebody else's that it had not seen has still not seen that") {
  for (const auto& c : k_table) {
    if (c.state != State::live || c.seen == Seen::unsaid) continue;
    Record record = record_in(c.state);
    record.authors = {{ann, Rev{5}, 1000, 1, {"done"}}};
    std::string from_the_last;
    for (const Policy policy : k_policies) {
      from_the_last +=
          answer_to(resolve(mutation_of(c.operation, c.seen), record, {ben, time_of(c.edited)}, with_policy(policy)));
    }
    CHECK(from_the_last == (c.seen == Seen::older ? c.from_another : c.from_the_same));
  }
}

Applied apply(const Mutation& mutation, const Record& record, std::int64_t at = 2000) {
  return applied(resolve(mutation, record, {ann, at}, Model()));
}

TEST_CASE("an applied update is the next revision, written by its sender at its edit time") {
  auto mutation = mutation_of(U, Seen::latest);
  mutation.payload = R"({"title":"valve","done":true})";
  const auto result = apply(mutation, record_in(State::live));
  CHECK(result.after.rev == Rev{6});
  CHECK(result.after.written_by == ann);
  CHECK(result.after.written_at_ms == 2000);
  CHECK(result.after.written_version == 4);
  CHECK(result.after.payload == R"({"title":"valve","done":true})");
  CHECK_FALSE(result.merged);
}

TEST_CASE("of an update that says what it changed nothing else is taken: an earlier edit may have been refused") {
  const auto result = apply(mutation_of(U, Seen::latest), record_in(State::live));
  CHECK(result.after.payload == R"({"title":"valve","done":true})");
  CHECK(result.merged);
  CHECK(result.overwrote.empty());
  CHECK(result.lost.empty());
}

TEST_CASE("who changed a field from what somebody else's value is not has not seen that, whatever it has pulled") {
  auto mutation = mutation_of(U, Seen::latest);
  mutation.before = R"({"title":"hose"})";  // its own edit, which was refused
  std::string answers;
  for (const Policy policy : k_policies) {
    answers += answer_to(resolve(mutation, record_in(State::live), {ann, 999}, with_policy(policy)));
  }
  CHECK(answers == "ccauc?");
  const auto won = applied(resolve(mutation, record_in(State::live), {ann, 2000}, Model()));
  CHECK(won.overwrote == std::vector<std::string>{"title"});
  CHECK(conflicts(mutation, record_in(State::live), {ann, 2000}, Model()));
  CHECK_FALSE(conflicts(mutation, record_in(State::live), {ben, 2000}, Model()));
  CHECK_FALSE(conflicts(mutation, record_in(State::live), {ann, 2000}, {.mask = {{"title", "\"***\""}}}));
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
  mutation.before.reset();
  mutation.payload = R"({"done":false,"note":null})";
  const auto result = apply(mutation, record_in(State::live));
  CHECK(result.after.payload == R"({"title":"pump","done":false,"note":null})");
  CHECK_FALSE(result.after.as_sent);
  CHECK(result.merged);
}

TEST_CASE("a conflict names the fields in which the two differ") {
  auto mutation = mutation_of(U, Seen::older);
  mutation.payload = R"({"title":"valve","done":true,"note":"x"})";
  const auto outcome = resolve(mutation, record_in(State::live), {ann, 1}, Model());
  REQUIRE(std::holds_alternative<Conflict>(outcome));
  CHECK(std::get<Conflict>(outcome).fields == std::vector<std::string>{"title", "note"});
}

TEST_CASE("two people who wrote the same do not disagree") {
  auto mutation = mutation_of(U, Seen::older);
  mutation.payload = R"({"done":true,"title":"p\u0075mp"})";
  const auto result = applied(resolve(mutation, record_in(State::live), {ann, 1}, Model()));
  CHECK(result.after.rev == Rev{5});
  CHECK(result.after.written_by == ben);
  CHECK_FALSE(result.merged);
  mutation.payload = R"({"title":"pump"})";
  CHECK(applied(resolve(mutation, record_in(State::live), {ann, 1}, Model())).merged);
}

TEST_CASE("an edit that wins over one that its writer had not seen says which values it took the place of") {
  const auto won = apply(mutation_of(U, Seen::older), record_in(State::live));
  CHECK(won.overwrote == std::vector<std::string>{"done"});  // the title was seen, and changed
  CHECK(won.lost.empty());
  auto unsaid = mutation_of(U, Seen::older);
  unsaid.before.reset();
  CHECK(apply(unsaid, record_in(State::live)).overwrote == std::vector<std::string>{"title", "done"});
  const auto seen = apply(mutation_of(U, Seen::latest), record_in(State::live));
  CHECK(seen.overwrote.empty());
  const auto deleted = apply(mutation_of(D, Seen::older), record_in(State::live));
  CHECK(deleted.overwrote == std::vector<std::string>{"title", "done"});
}

TEST_CASE("a merge takes only what its writer changed, whoever wrote last, and makes no edit time older") {
  const Model model = with_policy(Policy::merge);
  for (const ClientId& writer : {ann, ben}) {
    const auto result = applied(resolve(mutation_of(U, Seen::older), record_in(State::live), {writer, 999}, model));
    CHECK(result.after.payload == R"({"title":"valve","done":true})");
    CHECK(result.after.rev == Rev{6});
    CHECK(result.after.written_at_ms == 1000);
    CHECK(result.merged);
    CHECK(result.overwrote.empty());
    CHECK(result.lost.empty());
  }
}

TEST_CASE("a merge in which the server's values stand writes nothing, and says what was lost") {
  auto mutation = mutation_of(U, Seen::older);
  mutation.before = R"({"title":"hose"})";
  Model model = with_policy(Policy::merge);
  model.strategies.set("title", Strategy::server);
  const auto result = applied(resolve(mutation, record_in(State::live), {ann, 2000}, model));
  CHECK(result.after.rev == Rev{5});
  CHECK(result.lost == std::vector<std::string>{"title"});
  model.strategies.set("title", Strategy::manual);
  const auto disputed = resolve(mutation, record_in(State::live), {ann, 2000}, model);
  REQUIRE(std::holds_alternative<Conflict>(disputed));
  CHECK(std::get<Conflict>(disputed).fields == std::vector<std::string>{"title"});
}

Outcome obeying(const Verdict& verdict, const Mutation& mutation, State state = State::live) {
  return resolve(mutation, record_in(state), {ann, 1}, with_policy(Policy::exec), &verdict);
}

TEST_CASE("whoever decides is told what the writer had seen, what it wrote, and what stands") {
  const auto outcome = resolve(mutation_of(U, Seen::older), record_in(State::live),
                               {.client = ann, .claims = R"({"role":"clerk"})"}, with_policy(Policy::exec));
  REQUIRE(std::holds_alternative<Undecided>(outcome));
  CHECK(std::get<Undecided>(outcome).question == Question{.kind = QuestionKind::resolve,
                                                          .model = ModelName{"Task"},
                                                          .entity_id = EntityId{"e"},
                                                          .operation = U,
                                                          .base = R"({"title":"pump","done":false})",
                                                          .ours = R"({"title":"valve","done":false})",
                                                          .theirs = R"({"title":"pump","done":true})",
                                                          .claims = R"({"role":"clerk"})"});
}

TEST_CASE("a verdict is put over what stands, and both sides' losses are named") {
  auto mutation = mutation_of(U, Seen::older);
  mutation.before = R"({"title":"tap"})";
  const auto result = applied(obeying(Apply{R"({"title":"hose"})"}, mutation));
  CHECK(result.after.payload == R"({"title":"hose","done":true})");
  CHECK(result.after.rev == Rev{6});
  CHECK(result.merged);
  CHECK(result.overwrote == std::vector<std::string>{"title"});
  CHECK(result.lost == std::vector<std::string>{"title"});
}

TEST_CASE("of what a verdict puts another value in the place of, the writer had seen only what it changed itself") {
  const auto result = applied(obeying(Apply{R"({"title":"hose","done":null})"}, mutation_of(U, Seen::older)));
  CHECK(result.overwrote == std::vector<std::string>{"done"});
  auto knowing = mutation_of(U, Seen::older);
  knowing.payload = R"({"title":"valve","done":true})";  // it had seen that it is done, and left it so
  CHECK(applied(obeying(Apply{R"({"done":false})"}, knowing)).overwrote == std::vector<std::string>{"done"});
}

TEST_CASE("a client's later edit made offline does not undo what a program made of its earlier one") {
  const Model model = with_policy(Policy::exec);
  auto later = mutation_of(U, Seen::older);  // ben's own: he wrote upon his earlier edit, not upon what became of it
  later.before = R"({"title":"pump"})";
  CHECK(answer_to(resolve(later, record_in(State::live), {ben, 2000}, model)) == '?');
  later.payload = R"({"title":"valve","done":true})";  // now it stands on what is there
  CHECK(answer_to(resolve(later, record_in(State::live), {ben, 2000}, model)) == 'm');
}

TEST_CASE("an edit that was put off and comes behind a later one of its writer is not merged a second time") {
  auto late = mutation_of(U, Seen::older);
  late.version = 3;  // ben's edit of that version, or a later one, is in the record
  CHECK(answer_to(resolve(late, record_in(State::live), {ben, 2000}, with_policy(Policy::merge))) == 'c');
  late.version = 4;
  CHECK(answer_to(resolve(late, record_in(State::live), {ben, 2000}, with_policy(Policy::merge))) == 'm');
}

TEST_CASE("whoever is told of a deletion by a program is told that its values were lost") {
  const auto gone = applied(obeying(Delete{}, mutation_of(U, Seen::older)));
  CHECK(gone.merged);
  CHECK(gone.lost == std::vector<std::string>{"title"});
}

TEST_CASE("a create that says nothing of what it had seen keeps what it takes the place of") {
  CHECK(apply(mutation_of(C, Seen::unsaid), record_in(State::live)).overwrote ==
        std::vector<std::string>{"title", "done"});
}

TEST_CASE("a verdict deletes, keeps, refuses, or is not to be had") {
  CHECK(applied(obeying(Delete{}, mutation_of(U, Seen::older))).after.deleted);
  CHECK(answer_to(obeying(Keep{}, mutation_of(U, Seen::older))) == 'c');
  CHECK(std::get<Rejected>(obeying(Refuse{"too_late", R"({"a":1})"}, mutation_of(U, Seen::older))).data ==
        R"({"a":1})");
  CHECK(std::get<Rejected>(obeying(NoAnswer{"it died"}, mutation_of(U, Seen::older))).reason == "error");
  CHECK(answer_to(obeying(Delete{}, mutation_of(U, Seen::older), State::deleted)) == 'u');
  CHECK_FALSE(applied(obeying(Apply{R"({"a":1})"}, mutation_of(U, Seen::older), State::deleted)).after.deleted);
}

TEST_CASE("an edit time from a server clock that was ahead locks nobody out once it is mended") {
  auto record = record_in(State::live);
  record.written_at_ms = 9'000;
  const Writer writer{.client = ann, .written_at_ms = 2'000, .now_ms = 2'000};
  CHECK(answer_to(resolve(mutation_of(U, Seen::older), record, writer, Model())) == 'a');
  CHECK(answer_to(resolve(mutation_of(U, Seen::unsaid), record, writer, Model())) == 'a');
}

TEST_CASE("a client that offline created and edited does not conflict with itself") {
  Record record;
  Writer ann_writes{ann, 100};
  auto create = mutation_of(C, Seen::unsaid);
  create.version = 1;
  create.base_rev = Rev{0};
  record = applied(resolve(create, record, ann_writes, Model())).after;
  auto update = mutation_of(U, Seen::unsaid);
  update.version = 2;
  update.base_rev = Rev{0};
  ann_writes.written_at_ms = 50;  // her clock went back
  record = applied(resolve(update, record, ann_writes, Model())).after;
  CHECK(record.rev == Rev{2});
}

TEST_CASE("a copy of a client's file does not overwrite what the original wrote") {
  // ben's version 3 made rev 5; his copied laptop also counts 3 for its own next edit, having seen rev 4.
  auto copied = mutation_of(U, Seen::older);
  copied.version = 3;
  CHECK(conflicts(copied, record_in(State::live), {ben, 999}, Model()));
  CHECK(answer_to(resolve(copied, record_in(State::live), {ben, 999}, Model())) == 'c');
  copied.version = 4;
  CHECK_FALSE(conflicts(copied, record_in(State::live), {ben, 999}, Model()));
}

TEST_CASE("the version of the original client detects nothing") {
  auto mutation = mutation_of(U, Seen::unsaid);
  mutation.version = 1;
  CHECK_FALSE(conflicts(mutation, record_in(State::live), {ben, 1}, Model()));
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
