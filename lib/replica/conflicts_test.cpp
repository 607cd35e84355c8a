// SPDX-License-Identifier: MIT
#include "replica/conflicts.hpp"

#include "replica/peer_fixture.hpp"

namespace tether::replica {
namespace {

using Kind = Resolution::Kind;

/// A desk where my edit of record a, {"n":1,"t":"x"}, has lost against `theirs`; empty: against a delete.
struct Quarrel : Desk {
  MutationId lost;

  /// `mine`: the fields of my update; empty: mine was a delete.
  explicit Quarrel(std::string_view theirs, std::string_view mine = R"({"n":2})") {
    pull_page({snapshot("a", R"({"n":1,"t":"x"})", 1)}, 10);
    lost = mine.empty() ? remove(file, "a").mutation_id : update(file, "a", mine)->mutation_id;
    lose(theirs);
  }

  void lose(std::string_view theirs) {
    server.reply_to_push([&](const protocol::PushRequest& request) {
      protocol::PushReply reply;
      for (const protocol::Mutation& mutation : request.mutations) {
        protocol::ConflictReport report;
        report.mutation_id = mutation.mutation_id;
        report.server_rev = Rev{5};
        report.deleted = theirs.empty();
        report.server_state = theirs.empty() ? "{}" : std::string(theirs);
        reply.conflicts.push_back(report);
      }
      return reply;
    });
    REQUIRE(push().conflicts == 1);
  }

  std::optional<Recorded> resolve(Kind kind, std::string_view fields = "{}") {
    return resolve_conflict(file, lost, {kind, std::string(fields)});
  }
  /// operation|payload|base_rev|before of the mutation that was recorded last.
  std::string last_mutation() {
    return rows(file.database(),
                "SELECT operation, payload, base_rev, before FROM tether_mutation_logs ORDER BY id DESC LIMIT 1", 4);
  }
  std::string settled_by() {
    return rows(file.database(),
                "SELECT settled_by FROM tether_mutation_logs WHERE mutation_id = '" + lost.value + "'");
  }
  std::size_t listed(bool include_resolved) {
    std::size_t count = 0;
    list_conflicts(*file.database().begin(sql::Access::read), include_resolved, [&](const ConflictView&) { ++count; });
    return count;
  }
};

constexpr std::string_view k_theirs = R"({"tether_id":"a","n":7,"t":"z"})";

TEST_CASE("a conflict shows base, mine, theirs and the fields in which we differ") {
  Quarrel quarrel(k_theirs);
  const auto view = find_conflict(*quarrel.file.database().begin(sql::Access::read), quarrel.lost.value);
  REQUIRE(view.has_value());
  CHECK(view->operation == protocol::Operation::update);
  CHECK(view->base == R"({"n":1,"t":"x"})");
  CHECK(view->mine == R"({"n":2,"t":"x"})");
  CHECK(view->theirs == R"({"n":7,"t":"z"})");
  CHECK(view->theirs_rev == Rev{5});
  CHECK(view->fields == std::vector<std::string>{"n", "t"});
  CHECK(view->resolved_at.empty());
}

TEST_CASE("a conflict is found by its entity while that has only one") {
  Quarrel quarrel(k_theirs);
  const auto found = [&](std::string_view id) {
    return find_conflict(*quarrel.file.database().begin(sql::Access::read), id);
  };
  CHECK(found("a")->mutation_id == quarrel.lost);
  CHECK_FALSE(found("b").has_value());
  update(quarrel.file, "a", R"({"n":3})");
  quarrel.lose(k_theirs);
  CHECK(fault_of([&] { found("a"); }) == ErrorCode::usage);
  CHECK(found(quarrel.lost.value)->mutation_id == quarrel.lost);
}

TEST_CASE("mine lays what I changed over theirs as a new mutation, and leaves theirs alone in what I did not") {
  Quarrel quarrel(k_theirs);
  const auto recorded = quarrel.resolve(Kind::mine);
  REQUIRE(recorded.has_value());
  CHECK(quarrel.last_mutation() == R"(update|{"n":2,"t":"z"}|5|{"n":7})");
  CHECK(record_of(quarrel.file, "a") == R"({"n":2,"t":"z"}|0|2|5|2|{"n":7,"t":"z"}|0)");
  CHECK(quarrel.settled_by() == recorded->mutation_id.value);
  CHECK(rows(quarrel.file.database(), "SELECT resolution FROM tether_conflicts") == "mine");
  CHECK(quarrel.listed(/*include_resolved=*/false) == 0);
  CHECK(quarrel.listed(/*include_resolved=*/true) == 1);
}

TEST_CASE("mine leaves alone what was written here later, whether the server has it or not") {
  for (const bool acknowledged : {false, true}) {
    CAPTURE(acknowledged);
    Quarrel quarrel(k_theirs, R"({"n":2,"t":"mine"})");
    update(quarrel.file, "a", R"({"n":9})");
    if (acknowledged) quarrel.push_all_applied();
    REQUIRE(quarrel.resolve(Kind::mine).has_value());
    CHECK(quarrel.last_mutation().starts_with(R"(update|{"n":9,"t":"mine"}|)"));
  }
  Quarrel quarrel(k_theirs);
  update(quarrel.file, "a", R"({"n":9})");
  CHECK_FALSE(quarrel.resolve(Kind::mine).has_value());
}

TEST_CASE("mine brings nothing back of what was deleted here later") {
  Quarrel quarrel(k_theirs);
  remove(quarrel.file, "a");
  CHECK_FALSE(quarrel.resolve(Kind::mine).has_value());
}

TEST_CASE("mine deletes where mine was a delete") {
  Quarrel quarrel(k_theirs, /*mine=*/"");
  CHECK(quarrel.resolve(Kind::mine)->operation == protocol::Operation::remove);
  CHECK(quarrel.last_mutation() == "delete|{}|5|NULL");
}

TEST_CASE("mine makes the record again where theirs was a delete") {
  Quarrel quarrel("");
  CHECK(quarrel.resolve(Kind::mine)->operation == protocol::Operation::create);
  CHECK(record_of(quarrel.file, "a") == R"({"n":2,"t":"x"}|0|2|5|2|{}|1)");
}

TEST_CASE("both deletes need no further one") {
  Quarrel quarrel("", /*mine=*/"");
  CHECK_FALSE(quarrel.resolve(Kind::mine).has_value());
  CHECK(quarrel.settled_by() == "dismissed");
}

TEST_CASE("theirs records nothing") {
  Quarrel quarrel(k_theirs);
  CHECK_FALSE(quarrel.resolve(Kind::theirs).has_value());
  CHECK(quarrel.settled_by() == "dismissed");
  CHECK(quarrel.statuses() == "conflict");
  CHECK(record_of(quarrel.file, "a") == R"({"n":7,"t":"z"}|0|1|5|NULL|NULL|0)");
}

TEST_CASE("set and data put fields over what stands now") {
  Quarrel quarrel(k_theirs);
  update(quarrel.file, "a", R"({"u":"later"})");
  SUBCASE("set") {
    quarrel.resolve(Kind::set, R"({"n":4})");
  }
  SUBCASE("data") {
    quarrel.resolve(Kind::data, R"({"n":4})");
  }
  CHECK(quarrel.last_mutation() == R"(update|{"n":4,"t":"z","u":"later"}|5|{"n":7})");
}

TEST_CASE("fields set over what they deleted make it again whole, data made by hand as it is") {
  Quarrel quarrel("");
  SUBCASE("set") {
    quarrel.resolve(Kind::set, R"({"n":4})");
    CHECK(quarrel.last_mutation().starts_with(R"(create|{"n":4,"t":"x"}|)"));
  }
  SUBCASE("data") {
    quarrel.resolve(Kind::data, R"({"n":4})");
    CHECK(quarrel.last_mutation().starts_with(R"(create|{"n":4}|)"));
  }
}

TEST_CASE("a resolution that changes nothing records nothing") {
  Quarrel quarrel(k_theirs);
  CHECK_FALSE(quarrel.resolve(Kind::set, R"({"n":7})").has_value());
  CHECK(quarrel.settled_by() == "dismissed");
}

TEST_CASE("a conflict is resolved once") {
  Quarrel quarrel(k_theirs);
  quarrel.resolve(Kind::theirs);
  CHECK(fault_of([&] { quarrel.resolve(Kind::mine); }) == ErrorCode::exists);
  quarrel.lost = MutationId{"01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  CHECK(fault_of([&] { quarrel.resolve(Kind::mine); }) == ErrorCode::not_found);
}

TEST_CASE("fields that are no object resolve nothing") {
  Quarrel quarrel(k_theirs);
  for (const char* fields : {"", "[]", "1", "{", R"({"n":})", R"({"tether_id":"b"})"}) {
    CHECK(fault_of([&] { quarrel.resolve(Kind::set, fields); }) == ErrorCode::invalid_input);
  }
  CHECK(quarrel.listed(/*include_resolved=*/false) == 1);
}

}  // namespace
}  // namespace tether::replica
