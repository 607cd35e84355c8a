// SPDX-License-Identifier: MIT
#include <future>

#include "authority/fixture.hpp"
#include "authority/meddled_database.hpp"
#include "base/error.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;
using std::chrono::hours;

protocol::PullRequest after(std::optional<Cursor> cursor, std::optional<bool> full, std::int64_t limit = 1000) {
  return {.client_id = ClientId{"bob"}, .cursor = cursor, .limit = limit, .models = {}, .full = full};
}

/// T1 … T4, of which T2 and T3 are deleted; a day later T5.
Cursor old_scope(Server& server) {
  server.push("ann", {create(1, "T1"), create(2, "T2"), create(3, "T3"), create(4, "T4")});
  const Cursor seen_alive = *server.pull().new_cursor;
  server.push("ann", {remove(5, "T2"), remove(6, "T3")});
  server.clock.advance(hours(24));
  server.push("ann", {written_at(to_ms(server.clock.now()), create(7, "T5"))});
  return seen_alive;
}

TEST_CASE("what lost is forgotten with the ids, not before") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"a":1})")});
  server.push("ben", {seeing(1, update(2, "T1", R"({"a":2})"))});
  server.push("cleo", {seeing(1, update(3, "T1", R"({"a":3})")), update(4, "T9", "{}")});
  CHECK(server.lost() == Lines{R"(3 overwritten ["a"] of ben by cleo {"a":2})", "4 not_found by cleo {}"});
  server.clock.advance(hours(24));
  server.authority.compact(*server.database, hours(48));
  CHECK(server.lost().size() == 2);
  server.authority.compact(*server.database, hours(12));
  CHECK(server.lost().empty());
}

TEST_CASE("tombstones and ids older than told are forgotten, and nothing else") {
  Server server;
  old_scope(server);
  const auto nothing = server.authority.compact(*server.database, hours(48));
  CHECK(nothing.tombstones + nothing.mutations == 0);
  const auto forgotten = server.authority.compact(*server.database, hours(12));
  CHECK(forgotten.tombstones == 2);
  CHECK(forgotten.mutations == 6);
  CHECK(lines(server.pull()) == Lines{"T1 {} rev 1 by ann", "T4 {} rev 1 by ann", "T5 {} rev 1 by ann"});
  CHECK(server.column("SELECT mutation_id FROM tether_mutations") == Lines{id(7)});
  CHECK(server.authority.compact(*server.database, hours(12)).mutations == 0);
}

TEST_CASE("a keep longer than time itself forgets nothing") {
  Server server;
  old_scope(server);
  const auto forgotten = server.authority.compact(*server.database, std::chrono::milliseconds::max());
  CHECK(forgotten.tombstones + forgotten.mutations == 0);
}

TEST_CASE("an unknown id from before the horizon is expired, a later one is not, and both stay so") {
  Server server;
  old_scope(server);
  const std::int64_t last_forgotten_ms = remove(6, "T3").timestamp_ms;
  server.authority.compact(*server.database, hours(12));
  const std::vector<protocol::Mutation> batch{create(1, "T1"), written_at(last_forgotten_ms, create(8, "T8")),
                                              written_at(last_forgotten_ms + 1, create(9, "T9"))};
  const Lines answer{"9 applied rev 1", "1 expired {}", "8 expired {}"};
  CHECK(lines(server.push("ann", batch)) == answer);
  CHECK(lines(server.push("ann", batch)) == answer);
}

TEST_CASE("a quiet scope expires nobody and resets nobody") {
  Server server;
  server.push("ann", {create(1, "T1")});
  server.clock.advance(hours(24));
  server.push("bob", {create(2, "T2")});
  server.authority.compact(*server.database, hours(48));
  CHECK(!server.pull(after(Cursor{1}, false)).reset);
  CHECK(lines(server.push("ann", {written_at(0, create(3, "T3"))})) == Lines{"3 applied rev 1"});
}

TEST_CASE("an id whose timestamp lies ahead is kept, so that it never takes a living one with it") {
  Server server;
  server.push("ann", {written_at(k_start_ms + 7 * 86'400'000, create(1, "T1"))});
  server.clock.advance(hours(24));
  CHECK(server.authority.compact(*server.database, hours(12)).mutations == 0);
  CHECK(lines(server.push("ann", {create(2, "T2")})) == Lines{"2 applied rev 1"});
}

TEST_CASE("a cursor before the horizon is reset only for a client that understands it") {
  Server server;
  const Cursor seen_alive = old_scope(server);
  server.authority.compact(*server.database, hours(12));
  const auto reply = server.pull(after(seen_alive, false));
  CHECK(reply.reset);
  CHECK(lines(reply) == Lines{"T1 {} rev 1 by ann", "T4 {} rev 1 by ann", "T5 {} rev 1 by ann"});
  CHECK(!server.pull(after(seen_alive, {})).reset);
  CHECK(lines(server.pull(after(seen_alive, {}))) == Lines{"T5 {} rev 1 by ann"});
  CHECK(!server.pull(after(std::nullopt, false)).reset);
  const Cursor last_tombstone{std::stoll(server.column("SELECT horizon_us FROM tether_scopes").at(0))};
  CHECK(server.pull(after(Cursor{last_tombstone.value - 1}, false)).reset);
  CHECK(!server.pull(after(last_tombstone, false)).reset);
}

TEST_CASE("a full pull across the horizon ends, and brings everything once") {
  Server server;
  const Cursor seen_alive = old_scope(server);
  server.authority.compact(*server.database, hours(12));
  auto request = after(seen_alive, false, 1);
  Lines rows;
  int resets = 0;
  for (int pages = 0;; ++pages) {
    REQUIRE(pages < 10);
    const auto reply = server.pull(request);
    for (const auto& line : lines(reply)) rows.push_back(line);
    resets += reply.reset ? 1 : 0;
    request.cursor = reply.new_cursor;
    request.full = true;
    if (!reply.has_more) break;
  }
  CHECK(resets == 1);
  CHECK(rows == Lines{"T1 {} rev 1 by ann", "T4 {} rev 1 by ann", "T5 {} rev 1 by ann"});
}

TEST_CASE("every scope is compacted, also one where all was refused") {
  Server server;
  server.push("ann", {create(1, "T1")});
  server.scope = Scope{"other"};
  server.push("ann", {remove(1, "T9")});
  server.clock.advance(hours(24));
  CHECK(server.authority.compact(*server.database, hours(12)).mutations == 2);
}

/// 12,000 ids, more than a step takes, each with a record of which every third is deleted; a day passes.
void large_scope(Server& server) {
  server.push("ann", {create(1, "T1")});
  server.database->execute_script(
      "INSERT INTO tether_records(scope, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, written_by, "
      "written_version, updated_us) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
      "SELECT 'school', 'Note', 'N' || i, '{}', 1, CASE WHEN i % 3 = 0 THEN 1 ELSE 0 END, 1, 1, 'ann', 1, i FROM n;"
      "INSERT INTO tether_mutations(scope, mutation_id, client_id, model, entity_id, content_hash, outcome, rev, "
      "timestamp_ms, decided_us) SELECT scope, '000000000000000001' || (10000000 + updated_us), 'ann', "
      "model, entity_id, '', 'applied', 1, 20000 - updated_us, updated_us FROM tether_records WHERE model = 'Note'");
  server.clock.advance(hours(24));
}

/// Runs something whenever someone lets others come in between.
class Interval final : public Clock {
 public:
  Interval(Clock& clock, std::function<void()> meanwhile) : clock_(clock), meanwhile_(std::move(meanwhile)) {}
  Instant now() override { return clock_.now(); }
  void sleep_for(std::chrono::microseconds duration) override {
    clock_.sleep_for(duration);
    meanwhile_();
  }

 private:
  Clock& clock_;
  std::function<void()> meanwhile_;
};

TEST_CASE("much is forgotten in steps, and between two of them others push, once each") {
  Server server;
  large_scope(server);
  const auto other = server.connect();
  int pushes = 0;
  int attempts = 0;
  MeddledDatabase counted(*other, [&](std::string_view text) -> std::int64_t {
    return attempts += text.starts_with("INSERT INTO tether_mutations") ? 1 : 0, 0;
  });
  Interval clock(server.clock, [&] {
    ++pushes;
    auto edit = written_at(to_ms(server.clock.now()), create(pushes, "P" + std::to_string(pushes)));
    edit.mutation_id.value.front() = '7';  // behind all that are gone through
    const protocol::PushRequest request{ClientId{"bob"}, {edit}, {}, {}};
    CHECK(server.authority.push(counted, server.scope, request).applied.size() == 1);
  });
  const auto forgotten = Authority(clock, server.random, {}).compact(*server.database, hours(12));
  CHECK(forgotten.tombstones == 4'000);
  CHECK(forgotten.mutations == 12'001);
  CHECK(pushes == 6);  // behind three steps through the records, and three through the ids
  CHECK(attempts == pushes);
  CHECK(server.column("SELECT count(*) FROM tether_mutations") == Lines{"6"});
  CHECK(server.column("SELECT count(*) FROM tether_records WHERE deleted = 1") == Lines{"0"});
}

TEST_CASE("interrupted before any statement, the horizons lie at or beyond all that was forgotten") {
  Server server;
  large_scope(server);
  const auto number = [&](std::string_view query) { return std::stoll(server.column(query).at(0)); };
  bool interrupted = true;
  for (int last = 1; interrupted; ++last) {
    int statements = 0;
    MeddledDatabase meddled(*server.database, [&](std::string_view) -> std::int64_t {
      if (++statements == last) throw Error(ErrorCode::io, "pulled the plug");
      return 0;
    });
    try {
      server.authority.compact(meddled, hours(12));
      interrupted = false;
    } catch (const Error&) {
    }
    // Nothing that is gone may be taken for new. The id with the highest timestamp of all is the one of T1.
    if (number("SELECT count(*) FROM tether_mutations") < 12'001) {
      CHECK(number("SELECT forgotten_ms FROM tether_scopes") == create(1, "T1").timestamp_ms);
    }
    if (number("SELECT count(*) FROM tether_records WHERE deleted = 1") < 4'000) {
      CHECK(number("SELECT horizon_us FROM tether_scopes") == 12'000);
    }
  }
  CHECK(number("SELECT count(*) FROM tether_mutations") == 0);
  CHECK(number("SELECT count(*) FROM tether_records WHERE deleted = 1") == 0);
}

/// What ann is answered when she sends `again` while all that is older than twelve hours is forgotten: after her push
/// has looked at the scope's head and before it remembers anything. On SQLite the one waits for the other.
std::string answer_while_forgotten(Server& server, const protocol::Mutation& again) {
  const auto other = server.connect();
  SteppingClock clock(server.clock.now());
  Authority forgetful(clock, server.random, {});
  std::future<void> forgetting;
  MeddledDatabase meddled(*server.database, [&](std::string_view text) -> std::int64_t {
    if (!text.starts_with("INSERT INTO tether_mutations") || forgetting.valid()) return 0;
    forgetting = std::async(std::launch::async, [&] { forgetful.compact(*other, hours(12)); });
    if (testing::ServerStore::is_postgres()) forgetting.wait();
    return 0;
  });
  const auto reply = server.authority.push(meddled, server.scope, {ClientId{"ann"}, {again}, {}, {}});
  forgetting.get();
  CHECK(server.column("SELECT count(*) FROM tether_mutations WHERE outcome = 'applied'") == Lines{"0"});
  return lines(reply).at(0);
}

TEST_CASE("an id that is forgotten while it is sent again has no second effect") {
  Server server;
  const auto edit = create(1, "T1", R"({"title":"milk"})");
  server.push("ann", {edit});
  server.clock.advance(hours(24));
  CHECK(answer_while_forgotten(server, edit) ==
        (testing::ServerStore::is_postgres() ? "1 expired {}" : "1 applied rev 1"));
  CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"milk"} rev 1 by ann)"});
  CHECK(lines(server.push("ann", {edit})) == Lines{"1 expired {}"});
}

TEST_CASE("an id that is forgotten while it is sent again is not refused for what came after it") {
  Server server;
  server.push("ann", {create(1, "T1")});
  const auto edit = update(2, "T1", R"({"title":"milk"})");
  server.push("ann", {edit});
  server.push("bob", {update(3, "T1", R"({"title":"tea"})")});
  server.clock.advance(hours(24));
  CHECK(answer_while_forgotten(server, edit) ==
        (testing::ServerStore::is_postgres() ? "2 expired {}" : "2 applied rev 2"));
  CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"tea"} rev 3 by bob)"});
}

}  // namespace
}  // namespace tether::authority
