// SPDX-License-Identifier: MIT
// What becomes of deletes, and of edits that meet one.
#include <doctest/doctest.h>

#include "rules/resolve.hpp"
#include "rules/resolve_fixture.hpp"

namespace tether::rules {
namespace {

using namespace fixture;
using Fields = std::vector<std::string>;

struct DeleteCase {
  Operation operation;
  State state;
  Seen seen;
  const char* answers[4];  // for each of k_delete_policies: by k_policies, to an earlier and then to a later edit
};

constexpr DeletePolicy k_delete_policies[] = {DeletePolicy::by_policy, DeletePolicy::delete_wins,
                                              DeletePolicy::edit_wins, DeletePolicy::conflict};

// clang-format off
// The payload of every edit carries a stale value of a field that its writer did not touch: `m` is without it.
constexpr DeleteCase k_delete_table[] = {
    {D, State::live, Seen::latest, {"aaaaaa aaaaaa", "aaaaaa aaaaaa", "aaaaaa aaaaaa", "aaaaaa aaaaaa"}},
    {D, State::live, Seen::older, {"ccacc? acaac?", "aaaaaa aaaaaa", "cccccc cccccc", "cccccc cccccc"}},
    {D, State::live, Seen::unsaid, {"ccacc? aaaaaa", "aaaaaa aaaaaa", "cccccc aaaaaa", "cccccc aaaaaa"}},
    {D, State::deleted, Seen::older, {"uuuuuu uuuuuu", "uuuuuu uuuuuu", "uuuuuu uuuuuu", "uuuuuu uuuuuu"}},
    {U, State::live, Seen::older, {"ccamc? acamc?", "ccamc? acamc?", "ccamc? acamc?", "ccamc? acamc?"}},
    {U, State::deleted, Seen::latest, {"ccccc? ccccc?", "cccccc cccccc", "aaaaaa aaaaaa", "cccccc cccccc"}},
    {U, State::deleted, Seen::older, {"ccccc? ccccc?", "cccccc cccccc", "mmmmmm mmmmmm", "cccccc cccccc"}},
    {U, State::deleted, Seen::unsaid, {"nnnnnn nnnnnn", "nnnnnn nnnnnn", "aaaaaa aaaaaa", "nnnnnn nnnnnn"}},
    {C, State::deleted, Seen::latest, {"aaaaaa aaaaaa", "aaaaaa aaaaaa", "aaaaaa aaaaaa", "aaaaaa aaaaaa"}},
    {C, State::deleted, Seen::older, {"ccacc? acaac?", "ccacc? acaac?", "ccacc? acaac?", "ccacc? acaac?"}},
    {C, State::deleted, Seen::unsaid, {"aaaaaa aaaaaa", "aaaaaa aaaaaa", "aaaaaa aaaaaa", "aaaaaa aaaaaa"}},
};
// clang-format on

std::string answers_to(const DeleteCase& c, DeletePolicy delete_policy, std::int64_t at) {
  std::string answers;
  for (const Policy policy : k_policies) {
    const Model model{.policy = policy, .delete_policy = delete_policy};
    answers += answer_to(resolve(mutation_of(c.operation, c.seen), record_in(c.state), {ann, at}, model));
  }
  return answers;
}

TEST_CASE("between an edit and a delete that did not know of each other the delete policy decides") {
  for (const auto& c : k_delete_table) {
    for (std::size_t i = 0; i < std::size(k_delete_policies); ++i) {
      CAPTURE(protocol::name(c.operation));
      CAPTURE(static_cast<int>(c.state));
      CAPTURE(static_cast<int>(c.seen));
      CAPTURE(i);
      const DeletePolicy policy = k_delete_policies[i];
      CHECK(answers_to(c, policy, 999) + " " + answers_to(c, policy, 1001) == c.answers[i]);
    }
  }
}

Applied apply(const Mutation& mutation, const Record& record) {
  return applied(resolve(mutation, record, {ann, 2000}, Model()));
}

TEST_CASE("a delete keeps the last state for whoever looks for it") {
  const auto result = apply(mutation_of(D, Seen::latest), record_in(State::live));
  CHECK(result.after.deleted);
  CHECK(result.after.payload == R"({"title":"pump","done":true})");
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

constexpr auto k_edit_wins = DeletePolicy::edit_wins;

Outcome reviving(const Mutation& mutation, Policy policy = Policy::last_write_wins, const ClientId& writer = ann) {
  return resolve(mutation, record_in(State::deleted), {writer, 1}, {.policy = policy, .delete_policy = k_edit_wins});
}

TEST_CASE("an update that brings a record back keeps the fields that it does not name") {
  auto mutation = mutation_of(U, Seen::older);
  mutation.payload = R"({"title":"valve"})";
  const auto revived = applied(reviving(mutation));
  CHECK_FALSE(revived.after.deleted);
  CHECK(revived.after.payload == R"({"title":"valve","done":true})");
}

TEST_CASE("an edit that brings a record back takes no stale value with it, whatever the policy") {
  for (const Policy policy : k_policies) {
    const auto revived = applied(reviving(mutation_of(U, Seen::older), policy));
    CHECK_FALSE(revived.after.deleted);
    CHECK(revived.after.payload == R"({"title":"valve","done":true})");
    CHECK_FALSE(revived.after.as_sent);
    CHECK(revived.merged);
    CHECK(revived.after.rev == Rev{6});
    CHECK(revived.after.written_by == ann);
    CHECK(revived.after.written_at_ms == 1000);  // edit times only go on
  }
}

TEST_CASE("a delete that lost against an edit is kept, unless the writer had seen it") {
  CHECK(applied(reviving(mutation_of(U, Seen::older))).overwrote == Fields{"title", "done"});
  CHECK(applied(reviving(mutation_of(U, Seen::older), Policy::merge)).overwrote == Fields{"title", "done"});
  CHECK(applied(reviving(mutation_of(U, Seen::unsaid))).overwrote == Fields{"title", "done"});
  CHECK(applied(reviving(mutation_of(U, Seen::latest))).overwrote.empty());
  const Verdict verdict = Apply{R"({"title":"hose"})"};
  CHECK(applied(resolve(mutation_of(U, Seen::older), record_in(State::deleted), {ann, 1}, with_policy(Policy::exec),
                        &verdict))
            .overwrote == Fields{"title", "done"});
  CHECK(applied(resolve(mutation_of(C, Seen::older), record_in(State::deleted), {ann, 2000}, Model())).overwrote ==
        Fields{"title", "done"});
}

TEST_CASE("under merge an edit meets what was deleted by the strategies of its fields") {
  Model model{.policy = Policy::merge, .delete_policy = k_edit_wins};
  model.strategies.set("n", Strategy::counter);
  model.strategies.set("title", Strategy::server);
  auto record = record_in(State::deleted);
  record.payload = R"({"title":"pump","n":12})";
  auto edit = mutation_of(U, Seen::older);
  edit.payload = R"({"title":"valve","n":11})";
  edit.before = R"({"title":"hose","n":10})";
  const auto revived = applied(resolve(edit, record, {ann, 1}, model));
  CHECK(revived.after.payload == R"({"title":"pump","n":13})");
  CHECK(revived.lost == Fields{"title"});
  // What changes no value brings the record back all the same.
  edit.before = R"({"title":"hose"})";
  const auto unchanged = applied(resolve(edit, record, {ann, 1}, model));
  CHECK_FALSE(unchanged.after.deleted);
  CHECK(unchanged.after.payload == record.payload);
  CHECK(unchanged.after.rev == Rev{6});
  model.strategies.set("title", Strategy::manual);
  CHECK(answer_to(resolve(edit, record, {ann, 1}, model)) == 'c');
}

TEST_CASE("a client's later edit made offline does not carry back what its earlier one left alone") {
  const Model model{.delete_policy = k_edit_wins};
  Record deleted = record_in(State::deleted);
  deleted.authors = {{ben, Rev{4}, 900, 2, {"title", "done"}}};  // the edit before the delete, which ann had seen
  const auto revived = applied(resolve(mutation_of(U, Seen::older), deleted, {ann, 1}, model));
  auto later = mutation_of(U, Seen::older);
  later.version = 5;
  later.payload = R"({"title":"hose","done":false})";
  later.before = R"({"title":"valve"})";
  const auto result = applied(resolve(later, revived.after, {ann, 2}, model));
  CHECK(result.after.payload == R"({"title":"hose","done":true})");
  CHECK(result.merged);
}

TEST_CASE("an edit that comes behind its own writer's later delete does not win over it") {
  auto late = mutation_of(U, Seen::older);
  late.version = 2;  // ben's version 3 is the delete
  for (const Policy policy : k_policies) CHECK(answer_to(reviving(late, policy, ben)) == 'c');
}

}  // namespace
}  // namespace tether::rules
