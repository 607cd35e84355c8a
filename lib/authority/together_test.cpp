// SPDX-License-Identifier: MIT
// Batches of several clients in one transaction, and a batch that is too heavy for one.
#include "authority/fixture.hpp"
#include "authority/meddled_database.hpp"
#include "base/error.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;

/// Pushes all of `requests` together, and returns the replies in their order.
std::vector<protocol::PushReply> push_together(Server& server, std::vector<protocol::PushRequest> requests) {
  std::vector<Submission> submissions;
  for (const auto& request : requests) submissions.emplace_back(request, from_ms(k_start_ms));
  std::vector<Submission*> together;
  for (Submission& submission : submissions) together.push_back(&submission);
  server.authority.push(*server.database, server.scope, together);
  std::vector<protocol::PushReply> replies;
  for (Submission& submission : submissions) replies.push_back(std::move(submission.reply));
  return replies;
}

protocol::PushRequest by(const std::string& client, std::vector<protocol::Mutation> mutations) {
  return {ClientId{client}, std::move(mutations), {}, {}};
}

TEST_CASE("batches that are applied together are decided one after the other") {
  Server server;
  const auto replies = push_together(
      server, {by("ann", {create(1, "T1", R"({"title":"milk"})")}),
               by("bob", {update(2, "T1", R"({"done":true})"), remove(3, "T9")}),
               by("cleo", {seeing(0, written_at(k_start_ms - 20'000, update(4, "T1", R"({"title":"tea"})")))})});
  CHECK(lines(replies[0]) == Lines{"1 applied rev 1"});
  CHECK(lines(replies[1]) == Lines{"2 applied rev 2", "2 merged", "3 not_found {}"});
  CHECK(lines(replies[2]) == Lines{R"(4 conflict {"title":"milk","done":true,"tether_id":"T1"} title rev 2)"});
  CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"milk","done":true} rev 2 by bob)"});
  CHECK(server.column("SELECT client_id FROM tether_mutations ORDER BY mutation_id") ==
        Lines{"ann", "bob", "bob", "cleo"});
}

TEST_CASE("each of the batches is told its own part of the order") {
  Server server;
  const Cursor before = *server.push("zoe", {create(8, "T8")}).cursor;
  const auto replies =
      push_together(server, {by("ann", {create(1, "T1"), create(2, "T2")}), by("bob", {remove(5, "T5")}),
                             by("cleo", {update(3, "T1", R"({"a":1})"), create(4, "T4")})});
  const auto rows =
      server.pull({.client_id = ClientId{"any"}, .cursor = before, .limit = {}, .models = {}, .full = {}});
  CHECK(lines(rows) == Lines{"T2 {} rev 1 by ann", R"(T1 {"a":1} rev 2 by cleo)", "T4 {} rev 1 by cleo"});
  const auto cursor_of = [&](std::size_t row) { return Cursor{*rows.snapshots.at(row).updated_at_us}; };
  CHECK(replies[0].cursor_before == before);
  CHECK(replies[0].cursor == cursor_of(0));
  CHECK_FALSE(replies[1].cursor.has_value());
  CHECK(replies[2].cursor_before == cursor_of(0));
  CHECK(replies[2].cursor == cursor_of(2));
}

TEST_CASE("one batch sent twice at one moment has one effect and is answered twice") {
  Server server;
  const auto replies = push_together(server, {by("ann", {create(1, "T1")}), by("ann", {create(1, "T1")}),
                                              by("eve", {create(1, "T1", R"({"other":1})")})});
  CHECK(lines(replies[0]) == Lines{"1 applied rev 1"});
  CHECK(lines(replies[1]) == Lines{"1 applied rev 1"});
  CHECK(lines(replies[2]) == Lines{"1 mutation_id_reused {}"});
  CHECK(lines(server.pull()) == Lines{"T1 {} rev 1 by ann"});
}

TEST_CASE("a batch that names another epoch decides nothing, and the others are applied") {
  Server server;
  auto astray = by("ann", {create(1, "T1")});
  astray.epoch = "of another store";
  const auto replies = push_together(server, {astray, by("bob", {create(2, "T2")})});
  CHECK(lines(replies[0]) == Lines{"1 error {}"});
  CHECK(lines(replies[1]) == Lines{"2 applied rev 1"});
  CHECK(replies[0].epoch == replies[1].epoch);
  CHECK_FALSE(replies[0].epoch.empty());
}

TEST_CASE("the number of statements does not grow with the batches") {
  Server server;
  std::vector<protocol::PushRequest> requests;
  for (int i = 1; i <= 60; ++i) requests.push_back(by("c" + std::to_string(i), {create(i, "T" + std::to_string(i))}));
  std::vector<Submission> submissions;
  for (const auto& request : requests) submissions.emplace_back(request, from_ms(k_start_ms));
  std::vector<Submission*> together;
  for (Submission& submission : submissions) together.push_back(&submission);
  int statements = 0;
  MeddledDatabase counted(*server.database, [&](std::string_view) -> std::int64_t { return ++statements, 0; });
  server.authority.push(counted, server.scope, together);
  CHECK(statements == (testing::ServerStore::is_postgres() ? 6 : 7));
}

/// Sixty records of almost 1 MB.
std::vector<protocol::Mutation> sixty_large() {
  std::vector<protocol::Mutation> batch;
  const std::string payload = R"({"text":")" + std::string(900'000, 'x') + R"("})";
  for (int i = 1; i <= 60; ++i) batch.push_back(create(i, "T" + std::to_string(i), payload));
  return batch;
}

TEST_CASE("few bytes that touch many large records are applied in parts, and answered as one batch") {
  Server server;
  const auto large = sixty_large();
  std::optional<Cursor> before;
  for (auto from = large.begin(); from != large.end(); from += 10) {
    before = server.push("ann", {from, from + 10}).cursor;
  }
  std::vector<protocol::Mutation> removals;
  for (int i = 1; i <= 60; ++i) removals.push_back(remove(100 + i, "T" + std::to_string(i)));
  int commits = 0;
  MeddledDatabase counted(
      *server.database, [&](std::string_view text) -> std::int64_t { return commits += text == "COMMIT" ? 1 : 0, 0; });
  const auto reply = server.authority.push(counted, server.scope, by("bob", removals));
  REQUIRE(reply.applied.size() == 60);
  CHECK(reply.applied.front() == MutationId{id(101)});
  CHECK(reply.applied.back() == MutationId{id(160)});
  CHECK(commits == 1);  // 16 parts of 4 or 3 records each, all or nothing
  CHECK(server.column("SELECT count(*) FROM tether_records WHERE deleted = 1") == Lines{"60"});
  CHECK(reply.cursor_before == before);
  CHECK(reply.cursor == server.pull().new_cursor);
}

TEST_CASE("an answer that would tell too many large records is refused as a whole, and given to fewer mutations") {
  Server server;
  const auto large = sixty_large();
  for (auto from = large.begin(); from != large.end(); from += 10) server.push("ann", {from, from + 10});
  std::vector<protocol::Mutation> stale;
  for (int i = 1; i <= 60; ++i) {
    stale.push_back(
        seeing(0, written_at(k_start_ms - 20'000, update(100 + i, "T" + std::to_string(i), R"({"text":"y"})"))));
  }
  CHECK_THROWS_WITH_AS(
      server.push("bob", stale),
      "the answer would be longer than 4194304 bytes: it tells the records that stand against these mutations", Error);
  CHECK(server.column("SELECT count(*) FROM tether_mutations WHERE client_id = 'bob'") == Lines{"0"});
  const std::vector<protocol::Mutation> fewer{stale.begin(), stale.begin() + 4};
  CHECK(server.push("bob", fewer).conflicts.size() == 4);
  CHECK(server.push("bob", fewer).conflicts.size() == 4);  // remembered
  stale.erase(stale.begin(), stale.begin() + 59);
  CHECK(server.push("bob", stale).conflicts.size() == 1);
}

TEST_CASE("what a batch waits for behind its arrival is no error of its client's clock") {
  Server server;
  // Bob wrote a second after ann, and sent at once; what ann wrote arrived then too, and stood in a queue for a minute.
  const auto arrived = server.clock.now();
  const std::int64_t now_ms = to_ms(arrived);
  server.push("bob", {seeing(0, written_at(now_ms - 1'000, create(1, "T1", R"({"by":"bob"})")))}, now_ms);
  server.clock.advance(std::chrono::minutes(1));
  const protocol::PushRequest anns{
      ClientId{"ann"}, {seeing(0, written_at(now_ms - 2'000, create(2, "T1", R"({"by":"ann"})")))}, now_ms, {}};
  Submission submission(anns, arrived);
  Submission* const alone = &submission;
  server.authority.push(*server.database, server.scope, {&alone, 1});
  CHECK(submission.reply.conflicts.size() == 1);
  CHECK(lines(server.pull()) == Lines{R"(T1 {"by":"bob"} rev 1 by bob)"});
}

}  // namespace
}  // namespace tether::authority
