// SPDX-License-Identifier: MIT
#include "authority/apply.hpp"

#include <algorithm>
#include <chrono>

#include "authority/fixture.hpp"
#include "authority/meddled_database.hpp"
#include "base/error.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;

TEST_CASE("later mutations see the effect of earlier ones, and the entity takes one place in the order") {
  Server server;
  CHECK(lines(server.push("ann", {create(1, "T1", R"({"title":"milk"})"), create(2, "T2", R"({"title":"bread"})"),
                                  update(3, "T1", R"({"title":"oat milk"})"), remove(4, "T9")})) ==
        Lines{"1 applied rev 1", "2 applied rev 1", "3 applied rev 2", "4 not_found {}"});
  const auto page = server.pull();
  CHECK(lines(page) == Lines{R"(T2 {"title":"bread"} rev 1 by ann)", R"(T1 {"title":"oat milk"} rev 2 by ann)"});
  CHECK(*page.snapshots[0].updated_at_us + 1 == *page.snapshots[1].updated_at_us);
  CHECK(page.new_cursor == Cursor{*page.snapshots[1].updated_at_us});
}

TEST_CASE("what is merged is said to be, and a field that was left out stays") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"title":"milk","done":false})")});
  CHECK(lines(server.push("bob", {seeing(1, update(2, "T1", R"({"done":true})"))})) ==
        Lines{"2 applied rev 2", "2 merged"});
  CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"milk","done":true} rev 2 by bob)"});
}

TEST_CASE("a loser is shown the whole state that stands, with its id") {
  Server server;
  server.push("ann", {create(5, "T1", R"({"title":"milk","tether_id":"junk"})")});
  const auto reply = server.push("bob", {seeing(0, update(2, "T1", R"({"title":"bread"})"))});
  CHECK(lines(reply) == Lines{R"(2 conflict {"title":"milk","tether_id":"T1"} title rev 1)"});
  CHECK(reply.conflicts.at(0).server_updated_at_us == server.pull().snapshots.at(0).updated_at_us);
  server.push("ann", {remove(6, "T1")});
  CHECK(lines(server.push("bob", {seeing(1, update(7, "T1", R"({"title":"bread"})"))})) ==
        Lines{"7 conflict {} deleted rev 2"});
}

TEST_CASE("an id that comes again gets the answer that it got, whatever has changed since") {
  Server server;
  server.push("ann", {create(5, "T1", R"({"title":"milk","done":false})")});
  const std::vector<protocol::Mutation> batch{seeing(1, update(6, "T1", R"({"done":true})")), remove(7, "T9"),
                                              seeing(0, update(2, "T1", R"({"title":"bread"})"))};
  const auto first = server.push("bob", batch);
  CHECK(lines(first) == Lines{"6 applied rev 2", "6 merged", "7 not_found {}",
                              R"(2 conflict {"title":"milk","done":true,"tether_id":"T1"} title rev 2)"});
  server.push("ann", {create(8, "T9"), remove(9, "T1")});
  const auto rows = server.column("SELECT clock_us FROM tether_scopes");
  auto again = server.push("bob", batch);
  CHECK_FALSE(again.cursor.has_value());  // it changed nothing this time
  again.server_time_us = first.server_time_us;
  again.cursor_before = first.cursor_before;
  again.cursor = first.cursor;
  CHECK(again == first);
  CHECK(server.column("SELECT clock_us FROM tether_scopes") == rows);
}

TEST_CASE("what the client learned meanwhile does not make it another mutation") {
  Server server;
  auto edit = create(1, "T1", R"({"a":1})");
  server.push("ann", {edit});
  edit.base_rev = Rev{7};
  edit.before = R"({"a":0})";
  CHECK(lines(server.push("ann", {edit})) == Lines{"1 applied rev 1"});
}

TEST_CASE("a known id with any other content is refused and changes nothing") {
  Server server;
  const auto first = create(1, "T1", R"({"a":1})");
  server.push("ann", {first});
  const auto refused = [&](auto change) {
    auto other = first;
    change(other);
    CHECK(lines(server.push("ann", {other})) == Lines{"1 mutation_id_reused {}"});
  };
  refused([](auto& other) { other.payload = R"({"a":2})"; });
  refused([](auto& other) { other.payload = R"({"a": 1})"; });
  refused([](auto& other) { other.model = ModelName{"Note"}; });
  refused([](auto& other) { other.entity_id = EntityId{"T2"}; });
  refused([](auto& other) { other.operation = protocol::Operation::update; });
  refused([](auto& other) { other.version = 2; });
  refused([](auto& other) { other.timestamp_ms += 1; });
  CHECK(lines(server.pull()) == Lines{R"(T1 {"a":1} rev 1 by ann)"});
}

TEST_CASE("no two contents have one hash by moving a border") {
  auto one = create(1, "bc");
  auto two = create(1, "c");
  one.model = ModelName{"a"};
  two.model = ModelName{"ab"};
  CHECK(hash_of(one) != hash_of(two));
  CHECK(hash_of(one).size() == 32);
}

TEST_CASE("an id twice in one request is answered once, or refused where the content differs") {
  Server server;
  CHECK(lines(server.push("ann", {create(1, "T1", R"({"a":1})"), create(1, "T1", R"({"a":1})"),
                                  create(1, "T1", R"({"a":2})"), remove(2, "T9"), remove(2, "T9")})) ==
        Lines{"1 applied rev 1", "1 mutation_id_reused {}", "2 not_found {}"});
  CHECK(lines(server.pull()) == Lines{R"(T1 {"a":1} rev 1 by ann)"});
}

TEST_CASE("with strict_duplicates only what was applied is called a duplicate") {
  Server server(Options{.strict_duplicates = true, .limits = {}});
  const std::vector<protocol::Mutation> batch{create(1, "T1"), remove(2, "T9")};
  CHECK(lines(server.push("ann", batch)) == Lines{"1 applied rev 1", "2 not_found {}"});
  CHECK(lines(server.push("ann", batch)) == Lines{"1 duplicate {}", "2 not_found {}"});
}

TEST_CASE("a payload over the limit is refused alone, with the reason") {
  Options options;
  options.limits.payload_bytes_max = 20;
  Server server(options);
  CHECK(lines(server.push("ann", {create(1, "T1", R"({"title":"123456789"})"), create(2, "T2", R"({"a":1})")})) ==
        Lines{"2 applied rev 1",
              R"(1 validation_failed {"messages":{"payload":["is 21 bytes long; at most 20 are accepted"]}})"});
}

TEST_CASE("a refused payload is kept for whoever looks for it, an applied one is not kept twice") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"a":1})"), update(2, "T9", R"({"a":2})")});
  CHECK(server.column("SELECT payload FROM tether_mutations ORDER BY mutation_id") == Lines{"-", R"({"a":2})"});
  CHECK(server.column("SELECT outcome FROM tether_mutations ORDER BY mutation_id") == Lines{"applied", "not_found"});
}

TEST_CASE("a batch that changes nothing takes no place in the order") {
  Server server;
  server.push("ann", {create(1, "T1"), remove(2, "T1")});
  const auto clock = server.column("SELECT clock_us FROM tether_scopes");
  server.clock.advance(std::chrono::hours(1));
  CHECK(lines(server.push("ann", {remove(3, "T1"), remove(4, "T9")})) == Lines{"3 applied rev 2", "4 not_found {}"});
  CHECK(server.column("SELECT clock_us FROM tether_scopes") == clock);
  CHECK(lines(server.push("ann", {})) == Lines{});
}

TEST_CASE("the order goes on when the clock goes back") {
  Server server;
  server.push("ann", {create(1, "T1")});
  const auto before = server.pull().new_cursor;
  server.clock.advance(-std::chrono::hours(24));
  server.push("ann", {create(2, "T2"), create(3, "T3")});
  protocol::PullRequest next;
  next.cursor = before;
  CHECK(lines(server.pull(next)) == Lines{"T2 {} rev 1 by ann", "T3 {} rev 1 by ann"});
  CHECK(server.pull(next).new_cursor == Cursor{before->value + 2});
}

TEST_CASE("scopes know nothing of each other, and each has an epoch of its own") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"a":1})")});
  const auto epoch = server.pull().epoch;
  server.scope = Scope{"other"};
  CHECK(server.pull() == protocol::PullReply{});
  CHECK(lines(server.push("ann", {create(1, "T1", R"({"a":2})")})) == Lines{"1 applied rev 1"});
  CHECK(lines(server.pull()) == Lines{R"(T1 {"a":2} rev 1 by ann)"});
  CHECK(server.pull().epoch.size() == 26);
  CHECK(server.pull().epoch != epoch);
}

TEST_CASE("text of every kind comes back as it was") {
  Server server;
  const std::string payload = R"({"t":"a\u0000b \ud83d\udcda", "n":1e22,  "m":123456789012345678901234567890})";
  server.push("a'n$1", {create(1, "T'$1{rows}", payload)});
  const auto row = server.pull().snapshots.at(0);
  CHECK(row.key.id.value == "T'$1{rows}");
  CHECK(row.updated_by == ClientId{"a'n$1"});
  CHECK(row.payload == payload);
  CHECK(server.column("SELECT payload FROM tether_records") == Lines{payload});
  CHECK(lines(server.push("a'n$1", {create(1, "T'$1{rows}", payload)})) == Lines{"1 applied rev 1"});
}

TEST_CASE("a push that names another epoch decides nothing and learns the scope's") {
  Server server;
  const auto epoch = server.push("ann", {create(1, "T1")}).epoch;
  CHECK(epoch.size() == 26);
  protocol::PushRequest request{ClientId{"bob"}, {create(2, "T2")}, {}, "01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  const auto refused = server.authority.push(*server.database, server.scope, request);
  CHECK(refused.rejected == std::vector<protocol::Rejection>{{MutationId{id(2)}, "error", "{}"}});
  CHECK(refused.epoch == epoch);
  request.epoch = epoch;
  CHECK(server.authority.push(*server.database, server.scope, request).applied.size() == 1);
}

TEST_CASE("a scope that lost everything shows a new epoch to whoever knew its old one") {
  Server server;
  const protocol::PushRequest request{ClientId{"ann"}, {create(1, "T1")}, {}, "01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  const auto refused = server.authority.push(*server.database, server.scope, request);
  CHECK(refused.rejected.at(0).reason == "error");
  CHECK(refused.epoch == server.push("ann", {create(1, "T1")}).epoch);
}

TEST_CASE("a restored store gives every scope a new epoch") {
  Server server;
  const auto epoch = server.push("ann", {create(1, "T1")}).epoch;
  CHECK(renew_epochs(*server.database, server.clock, server.random) == 1);
  CHECK(server.pull().epoch != epoch);
}

TEST_CASE("a fault at any statement leaves nothing of the batch behind") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"a":1})")});
  const protocol::PushRequest request{ClientId{"bob"}, {create(2, "T2"), seeing(1, update(3, "T1", R"({"a":2})"))}, {}};
  int faults = 0;
  for (bool done = false; !done; ++faults) {
    int left = faults;
    MeddledDatabase faulty(*server.database, [&](std::string_view) -> std::int64_t {
      if (left-- == 0) throw Error(ErrorCode::io, "pulled the plug");
      return 0;
    });
    try {
      server.authority.push(faulty, server.scope, request);
      done = true;
    } catch (const Error&) {
      REQUIRE(server.column("SELECT mutation_id FROM tether_mutations") == Lines{id(1)});
      REQUIRE(lines(server.pull()) == Lines{R"(T1 {"a":1} rev 1 by ann)"});
    }
  }
  CHECK(faults == (testing::ServerStore::is_postgres() ? 6 : 7));  // five statements, or six; then it goes well
  CHECK(lines(server.pull()) == Lines{"T2 {} rev 1 by bob", R"(T1 {"a":2} rev 2 by bob)"});
}

TEST_CASE("a commit that took effect and was not told of is answered as it was decided, and has one effect") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"a":1})")});
  const protocol::PushRequest request{ClientId{"bob"}, {create(2, "T2"), seeing(1, update(3, "T1", R"({"a":2})"))}, {}};
  MeddledDatabase lost(
      *server.database, [](std::string_view) -> std::int64_t { return 0; },
      [] { throw Error(ErrorCode::unreachable, "pulled the plug"); });
  CHECK_THROWS_WITH_AS(server.authority.push(lost, server.scope, request), "pulled the plug", Error);
  const auto before = lines(server.pull());
  CHECK(before == Lines{"T2 {} rev 1 by bob", R"(T1 {"a":2} rev 2 by bob)"});
  for (int times = 0; times < 2; ++times) {
    CHECK(lines(server.authority.push(*server.database, server.scope, request)) ==
          Lines{"2 applied rev 1", "3 applied rev 2"});
  }
  CHECK(lines(server.pull()) == before);
  CHECK(server.column("SELECT count(*) FROM tether_mutations") == Lines{"3"});
}

TEST_CASE("the number of statements does not grow with the batch") {
  Server server;
  std::vector<protocol::Mutation> batch;
  for (int i = 1; i <= 200; ++i) batch.push_back(create(i, "T" + std::to_string(i)));
  int statements = 0;
  MeddledDatabase counted(*server.database, [&](std::string_view) -> std::int64_t { return ++statements, 0; });
  server.authority.push(counted, server.scope, {ClientId{"ann"}, batch, {}});
  CHECK(statements == (testing::ServerStore::is_postgres() ? 6 : 7));
  statements = 0;
  server.authority.push(counted, server.scope, {ClientId{"ann"}, batch, {}});
  CHECK(statements == 7);  // four until it shows that all of it was seen before, then three
}

// A planner that has no statistics yet takes a scope for a small part of the table, and would go through all of it.
TEST_CASE("a batch costs the same however much has come before it, from the first moment on") {
  Server server;
  const auto batch_ms = [&](int batch, protocol::Operation operation) {
    std::vector<protocol::Mutation> mutations;
    for (int i = 0; i < 500; ++i) {
      mutations.push_back(mutation(1 + 1000 * batch + i, operation,
                                   "T" + std::to_string(i * 97 % 500 + batch / 2 * 500),
                                   R"({"title":"Check pump 7"})"));
    }
    const auto started = std::chrono::steady_clock::now();
    REQUIRE(server.push("ann", mutations).applied.size() == 500);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  };
  std::vector<double> early;
  std::vector<double> late;
  for (int batch = 0; batch < 40; ++batch) {
    const auto operation = batch % 2 == 0 ? protocol::Operation::create : protocol::Operation::update;
    const double ms = batch_ms(batch, operation);
    if (batch >= 2 && batch < 10) early.push_back(ms);
    if (batch >= 32) late.push_back(ms);
  }
  std::ranges::nth_element(early, early.begin() + 4);
  std::ranges::nth_element(late, late.begin() + 4);
  CHECK(late[4] < 4 * early[4]);  // it was 20 times as much, and growing
}

TEST_CASE("a batch that is taken for new work and is not is decided on what is there") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"title":"milk","done":false})")});
  CHECK(lines(server.push("ann", {create(2, "T1", R"({"done":true})")})) == Lines{"2 applied rev 2", "2 merged"});
  CHECK(lines(server.push("ann", {create(2, "T1", R"({"done":true})"), create(3, "T3")})) ==
        Lines{"2 applied rev 2", "3 applied rev 1", "2 merged"});
}

TEST_CASE("what follows a refused create is decided on the record that is there") {
  Options options;
  options.limits.payload_bytes_max = 20;
  Server server(options);
  server.push("ann", {create(1, "T1", R"({"a":1})")});
  const auto reply = server.push(
      "ann", {create(2, "T1", R"({"a":"much too long for it"})"), seeing(1, update(3, "T1", R"({"a":3})"))});
  CHECK(reply.rejected.at(0).reason == "validation_failed");
  CHECK(reply.applied == std::vector{MutationId{id(3)}});
}

TEST_CASE("when someone else was faster, the batch is decided again") {
  Server server;
  const auto late = [&](std::string_view statement, int times) {
    MeddledDatabase racing(*server.database, [statement, times](std::string_view text) mutable -> std::int64_t {
      return text.starts_with(statement) && times-- > 0 ? 1 : 0;
    });
    return lines(server.authority.push(racing, server.scope, {ClientId{"ann"}, {create(1, "T1")}, {}}));
  };
  CHECK_THROWS_WITH_AS(late("INSERT INTO tether_mutations", 100), "others kept changing the same records", Error);
  CHECK(server.column("SELECT scope FROM tether_scopes") == Lines{});
  CHECK(late("INSERT INTO tether_records", 4) == Lines{"1 applied rev 1"});
}

TEST_CASE("a malformed mutation is refused each time, beside those that are decided, and is not remembered") {
  Server server;
  protocol::PushRequest request{ClientId{"ann"}, {create(1, "T1")}, {}, {}};
  request.malformed.push_back({MutationId{"x"}, "validation_failed", R"({"messages":{"model":["is missing"]}})"});
  for (int times = 0; times < 2; ++times) {
    const auto reply = server.authority.push(*server.database, server.scope, request);
    CHECK(reply.applied.size() == 1);
    CHECK(reply.rejected == request.malformed);
  }
  CHECK(server.column("SELECT mutation_id FROM tether_mutations") == std::vector<std::string>{id(1)});
  request.mutations.clear();
  CHECK(server.authority.push(*server.database, server.scope, request).rejected == request.malformed);
}

}  // namespace
}  // namespace tether::authority
