// SPDX-License-Identifier: MIT
#include "authority/fixture.hpp"
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

}  // namespace
}  // namespace tether::authority
