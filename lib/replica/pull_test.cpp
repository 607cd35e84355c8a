// SPDX-License-Identifier: MIT
#include "replica/pull.hpp"

#include <algorithm>

#include "replica/peer_fixture.hpp"
#include "replica/upkeep.hpp"

namespace tether::replica {
namespace {

using protocol::PullReply;
using protocol::PullRequest;

std::string cursor_of(Desk& desk) {
  return desk.remembered("last_sync_cursor");
}

TEST_CASE("snapshots become records and the cursor moves with them") {
  Desk desk;
  const PullReport report = desk.pull_page({snapshot("a", R"({"n":1})", 4), deletion("b", 2)}, 70);
  CHECK(report.end == End::done);
  CHECK(report.pulled == 2);
  CHECK(record_of(desk.file, "a") == R"({"n":1}|0|0|4|NULL|NULL|0)");
  CHECK(record_of(desk.file, "b") == "{}|1|0|2|NULL|NULL|0");
  CHECK(cursor_of(desk) == "70");
  CHECK(desk.remembered("last_sync_at").starts_with("2025-11-21T"));
}

TEST_CASE("the first request tells that the file is empty; the next asks for what is new") {
  Desk desk;
  desk.pull_page({}, 70);
  desk.pull_page({}, 70);
  REQUIRE(desk.server.pulls.size() == 2);
  const PullRequest& first = desk.server.pulls[0];
  CHECK_FALSE(first.cursor.has_value());
  CHECK(first.fresh);
  CHECK(first.full == true);
  const PullRequest& second = desk.server.pulls[1];
  CHECK(second.cursor == Cursor{70});
  CHECK_FALSE(second.fresh);
  CHECK(second.full == false);
}

TEST_CASE("a file that has pushed is not empty") {
  Desk desk;
  create(desk.file, "a", "{}");
  desk.pull_page({}, 70);
  CHECK_FALSE(desk.server.pulls[0].fresh);
}

TEST_CASE("pages follow one another to the end") {
  Desk desk;
  desk.server.reply_to_pull([](const PullRequest& request) {
    if (!request.cursor) return page({snapshot("a", "{}", 1)}, 10, true);
    if (request.cursor == Cursor{10}) return page({}, 20, true);
    return page({snapshot("b", "{}", 1)}, 30);
  });
  CHECK(desk.pull().pulled == 2);
  CHECK(desk.server.pulls.size() == 3);
  CHECK(desk.server.pulls[1].full == true);
  CHECK_FALSE(desk.server.pulls[1].skip_own);
  CHECK(cursor_of(desk) == "30");
}

TEST_CASE("a page behind which comes one that cannot be taken is kept all the same") {
  Desk desk;
  desk.server.on_pull = [](const PullRequest& request) -> Answer {
    if (request.cursor == Cursor{20}) throw ReplyTooLong("the answer is too long");
    const std::int64_t at = request.cursor.value_or(Cursor{0}).value;
    return Reply{protocol::encode(page({snapshot("r" + std::to_string(at), "{}", 1)}, at + 10, true))};
  };
  CHECK_THROWS_AS(desk.pull(), ReplyTooLong);
  CHECK(cursor_of(desk) == "20");
  CHECK(record_of(desk.file, "r10") == "{}|0|0|1|NULL|NULL|0");
}

TEST_CASE("each page is asked for once, also ahead and in a thread of its own") {
  Desk desk;
  desk.server.reply_to_pull([](const PullRequest& request) {
    const std::int64_t at = request.cursor.value_or(Cursor{0}).value;
    return page({snapshot("r" + std::to_string(at), "{}", 1)}, at + 10, at < 50);
  });
  Exchange exchange(testing::every_way_is(desk.server), desk.clock, desk.random, {}, [] { return false; });
  CHECK(replica::pull(desk.file, exchange, {}).pulled == 6);
  std::vector<std::int64_t> asked;
  for (const PullRequest& request : desk.server.pulls) asked.push_back(request.cursor.value_or(Cursor{0}).value);
  CHECK(asked == std::vector<std::int64_t>{0, 10, 20, 30, 40, 50});
  CHECK(cursor_of(desk) == "60");
}

TEST_CASE("a page that was asked for ahead of a restart of the pull is dropped") {
  Desk desk;
  bool restored = false;
  desk.server.reply_to_pull([&](const PullRequest& request) {
    PullReply reply = page({snapshot("a", "{}", 1)}, 10, true);
    if (request.cursor) reply.new_cursor = Cursor{request.cursor->value + 10};
    restored = restored || request.cursor == Cursor{20};
    if (restored) reply.snapshots = {snapshot("b", "{}", 1)};
    reply.epoch = restored ? "two" : "one";
    reply.has_more = reply.new_cursor < Cursor{40};
    return reply;
  });
  CHECK(desk.pull().pulled == 6);
  std::string asked;
  for (const PullRequest& request : desk.server.pulls)
    asked += (request.cursor ? std::to_string(request.cursor->value) : "-") + " ";
  CHECK(asked == "- 10 20 - 10 20 30 ");
  CHECK(cursor_of(desk) == "40");
}

TEST_CASE("a pull that breaks off goes on from the last page") {
  Desk desk;
  desk.server.on_pull = [](const PullRequest& request) -> Answer {
    if (request.cursor) return Unreachable{.reason = "gone", .retry_after = {}};
    return Reply{protocol::encode(page({snapshot("a", "{}", 1)}, 10, true))};
  };
  const PullReport report = desk.pull();
  CHECK(report.end == End::unreachable);
  CHECK(report.reason == "gone");
  CHECK(report.pulled == 1);
  CHECK(cursor_of(desk) == "10");
  CHECK(desk.remembered("last_push_reason") == "gone");
  desk.pull_page({snapshot("b", "{}", 1)}, 20);
  CHECK(desk.server.pulls.back().cursor == Cursor{10});
  CHECK(desk.server.pulls.back().full == true);
  CHECK(record_of(desk.file, "a") == "{}|0|0|1|NULL|NULL|0");
}

TEST_CASE("an entity that begins anew after its tombstone was forgotten is taken") {
  Desk desk;
  desk.pull_page({deletion("a", 8)}, 10);
  desk.pull_page({snapshot("a", R"({"n":1})", 1)}, 20);
  CHECK(record_of(desk.file, "a") == R"({"n":1}|0|0|1|NULL|NULL|0)");
}

TEST_CASE("snapshots of a server that knows no revs are always taken") {
  Desk desk;
  desk.pull_page({snapshot("a", R"({"n":5})", 5)}, 10);
  protocol::Snapshot plain = snapshot("a", R"({"n":6})", 0);
  plain.rev.reset();
  desk.pull_page({plain}, 20);
  CHECK(record_of(desk.file, "a") == R"({"n":6}|0|0|0|NULL|NULL|0)");
}

TEST_CASE("open edits are laid over what arrives") {
  Desk desk;
  desk.pull_page({snapshot("a", R"({"n":1,"t":"x"})", 1)}, 10);
  update(desk.file, "a", R"({"n":2})");
  desk.pull_page({snapshot("a", R"({"n":9,"t":"y"})", 2)}, 20);
  CHECK(record_of(desk.file, "a") == R"({"n":2,"t":"y"}|0|1|2|1|{"n":9,"t":"y"}|0)");
  CHECK(desk.differences().empty());
  CHECK(desk.pull_page({snapshot("a", R"({"n":9,"t":"y"})", 2)}, 30).pulled == 0);
}

TEST_CASE("a server that went back is asked for everything, and gets everything again") {
  const auto shows_it = [](const PullReply& reply) {
    Desk desk;
    desk.pull_page({snapshot("a", R"({"n":2})", 2), snapshot("b", "{}", 5)}, 50);
    const std::size_t asked = desk.server.pulls.size();
    desk.server.on_pull = [&](const PullRequest& request) -> Answer {
      return Reply{protocol::encode(request.cursor ? reply : page({snapshot("a", R"({"n":1})", 1)}, 40))};
    };
    desk.pull();
    CHECK(desk.server.pulls.size() == asked + 2);
    CHECK_FALSE(desk.server.pulls.back().cursor.has_value());
    CHECK(record_of(desk.file, "a").starts_with(R"({"n":1}|0|0|1|)"));
    CHECK_FALSE(record_of(desk.file, "b").empty());  // lost by the server, kept here
    CHECK(cursor_of(desk) == "40");
  };
  shows_it(page({}, 40));
  shows_it(page({snapshot("a", R"({"n":1})", 1)}, 60));
}

TEST_CASE("a delete that arrives under an open edit shows, and the edit stays open") {
  Desk desk;
  desk.pull_page({snapshot("a", R"({"n":1})", 1)}, 10);
  update(desk.file, "a", R"({"n":2})");
  desk.pull_page({deletion("a", 2)}, 20);
  CHECK(record_of(desk.file, "a") == "{}|1|1|2|1|{}|1");
  CHECK(desk.statuses() == "pending");
  CHECK(desk.differences().empty());
}

TEST_CASE("cursors that lead nowhere are refused and nothing of the page is kept") {
  Desk desk;
  desk.pull_page({}, 50);
  const auto fault_for = [&](const PullReply& reply) {
    desk.server.reply_to_pull([&](const PullRequest&) { return reply; });
    return fault_of([&] { desk.pull(); });
  };
  CHECK(fault_for(page({snapshot("a", "{}", 1)}, 50, true)) == ErrorCode::unexpected_reply);
  PullReply nowhere = page({snapshot("a", "{}", 1)}, 60, true);
  nowhere.new_cursor.reset();
  CHECK(fault_for(nowhere) == ErrorCode::unexpected_reply);
  CHECK(record_of(desk.file, "a").empty());
  CHECK(cursor_of(desk) == "50");
}

TEST_CASE("what is no reply of the protocol changes nothing") {
  Desk desk;
  const std::string whole = protocol::encode(page({snapshot("a", R"({"n":1})", 1)}, 10));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    desk.server.on_pull = [&](const PullRequest&) -> Answer { return Reply{whole.substr(0, length)}; };
    REQUIRE(fault_of([&] { desk.pull(); }) == ErrorCode::unexpected_reply);
  }
  CHECK(record_of(desk.file, "a").empty());
  CHECK(cursor_of(desk).empty());
}

PullReply reset_page(std::vector<protocol::Snapshot> snapshots, std::int64_t cursor, bool has_more) {
  PullReply reply = page(std::move(snapshots), cursor, has_more);
  reply.reset = true;
  return reply;
}

TEST_CASE("a reset forgets what it does not bring, except beneath open edits") {
  Desk desk;
  desk.pull_page({snapshot("brought", R"({"n":1})", 3), snapshot("gone", R"({"n":1})", 3),
                  snapshot("edited", R"({"n":1})", 3), snapshot("anew", R"({"n":1})", 9)},
                 50);
  update(desk.file, "edited", R"({"n":2})");
  create(desk.file, "mine", R"({"n":1})");
  desk.server.reply_to_pull([](const PullRequest& request) {
    if (request.cursor == Cursor{50}) return reset_page({snapshot("brought", R"({"n":1})", 3)}, 7, true);
    return page({snapshot("anew", R"({"n":2})", 1)}, 60);
  });
  CHECK(desk.pull().end == End::done);
  CHECK(desk.server.pulls.back().cursor == Cursor{7});
  CHECK(desk.server.pulls.back().full == true);
  CHECK(record_of(desk.file, "brought") == R"({"n":1}|0|0|3|NULL|NULL|0)");
  CHECK(record_of(desk.file, "gone").empty());
  CHECK(record_of(desk.file, "edited") == "{}|1|1|0|1|NULL|0");
  CHECK(record_of(desk.file, "anew") == R"({"n":2}|0|0|1|NULL|NULL|0)");
  CHECK(record_of(desk.file, "mine") == R"({"n":1}|0|1|0|2|NULL|0)");
  CHECK(cursor_of(desk) == "60");
  CHECK(desk.remembered("full_pull").empty());
  CHECK(desk.differences().empty());
}

TEST_CASE("a first pull that is reset on its way forgets what it had brought until then") {
  Desk desk;
  desk.server.reply_to_pull([](const PullRequest& request) {
    if (!request.cursor) return page({snapshot("a", "{}", 1), snapshot("gone", "{}", 1)}, 50, true);
    return reset_page({snapshot("a", "{}", 1)}, 60, false);
  });
  CHECK(desk.pull().end == End::done);
  CHECK(record_of(desk.file, "gone").empty());
  CHECK_FALSE(record_of(desk.file, "a").empty());
}

TEST_CASE("a reset that breaks off forgets nothing until it has come to its end") {
  Desk desk;
  desk.pull_page({snapshot("a", "{}", 1), snapshot("gone", "{}", 1)}, 50);
  desk.server.on_pull = [](const PullRequest& request) -> Answer {
    if (request.cursor != Cursor{50}) return Unreachable{.reason = "gone", .retry_after = {}};
    return Reply{protocol::encode(reset_page({snapshot("a", "{}", 1)}, 7, true))};
  };
  desk.pull();
  CHECK_FALSE(record_of(desk.file, "gone").empty());
  CHECK(desk.remembered("full_pull") == "0");
  desk.pull_page({}, 60);
  CHECK(record_of(desk.file, "gone").empty());
  CHECK_FALSE(record_of(desk.file, "a").empty());
}

TEST_CASE("a server that resets again and again is refused") {
  Desk desk;
  desk.pull_page({}, 50);
  desk.server.reply_to_pull([](const PullRequest&) { return reset_page({}, 7, true); });
  CHECK(fault_of([&] { desk.pull(); }) == ErrorCode::unexpected_reply);
}

PullReply of_epoch(PullReply reply, std::string_view epoch) {
  reply.epoch = epoch;
  return reply;
}

TEST_CASE("a server that was restored gets again what it had acknowledged, and nothing is wiped") {
  Desk desk;
  desk.server.reply_to_pull([](const PullRequest&) {
    return of_epoch(page({snapshot("theirs", R"({"n":1})", 4), snapshot("both", R"({"n":1})", 4)}, 50), "one");
  });
  desk.pull();
  create(desk.file, "mine", R"({"n":1})");
  update(desk.file, "both", R"({"n":2})");
  desk.push_all_applied();
  desk.server.reply_to_pull([](const PullRequest& request) {
    if (request.cursor) return of_epoch(page({}, 50), "two");
    return of_epoch(page({snapshot("both", R"({"n":0,"t":"x"})", 2), snapshot("mine", R"({"n":1})", 1)}, 20), "two");
  });
  const PullReport waiting = desk.pull();
  CHECK(waiting.end == End::done);
  CHECK(waiting.push_first);
  CHECK(waiting.pulled == 0);
  CHECK(desk.statuses() == "pending\npending");
  CHECK(record_of(desk.file, "theirs") == R"({"n":1}|0|0|0|NULL|NULL|0)");
  CHECK(record_of(desk.file, "mine") == R"({"n":1}|0|1|0|NULL|NULL|0)");
  CHECK(record_of(desk.file, "both") == R"({"n":2}|0|1|0|NULL|NULL|0)");
  CHECK(desk.remembered("epoch") == "two");
  CHECK(desk.differences().empty());
  const std::size_t asked = desk.server.pulls.size();
  CHECK(desk.pull().push_first);
  CHECK(desk.server.pulls.size() == asked);
  desk.push_all_applied();
  CHECK(desk.statuses() == "synced\nsynced");
  CHECK(record_of(desk.file, "both") == R"({"n":2}|0|1|0|NULL|NULL|0)");
  CHECK(desk.pull().pulled == 2);
  CHECK(record_of(desk.file, "theirs") == R"({"n":1}|0|0|0|NULL|NULL|0)");
  CHECK(record_of(desk.file, "both") == R"({"n":0,"t":"x"}|0|1|2|NULL|NULL|0)");
  CHECK(cursor_of(desk) == "20");
  CHECK(desk.differences().empty());
  const std::vector<Check> checks = check_file(desk.file, false);
  const auto lost = std::ranges::find(checks, "restored", &Check::name);
  REQUIRE(lost != checks.end());
  CHECK(lost->result == CheckResult::warning);
  CHECK(lost->detail.starts_with("1 record that the server lost when it was restored: Task theirs. "));
}

TEST_CASE("what was merged into a record never pulled is not said to be lost by a restored server") {
  Desk desk;
  desk.server.reply_to_pull([](const PullRequest&) { return of_epoch(page({}, 50), "one"); });
  desk.pull();
  create(desk.file, "shared", R"({"n":1})");
  desk.server.reply_to_push(all_merged);
  CHECK(desk.push().pushed == 1);
  const std::vector<Check> checks = check_file(desk.file, false);
  CHECK(std::ranges::find(checks, "restored", &Check::name) == checks.end());
}

TEST_CASE("an expired id that was acknowledged before the restore is no failure") {
  Desk desk;
  desk.server.reply_to_pull([](const PullRequest&) { return of_epoch(page({}, 50), "one"); });
  desk.pull();
  create(desk.file, "a", R"({"n":1})");
  desk.push_all_applied();
  desk.server.reply_to_pull(
      [](const PullRequest&) { return of_epoch(page({snapshot("a", R"({"n":1})", 1)}, 9), "two"); });
  desk.pull();
  CHECK(desk.statuses() == "pending");
  desk.server.reply_to_push([](const protocol::PushRequest& request) { return all_rejected(request, "expired"); });
  CHECK(desk.push().failed == 0);
  CHECK(desk.statuses() == "synced");
  desk.pull();
  CHECK(record_of(desk.file, "a") == R"({"n":1}|0|1|1|NULL|NULL|0)");
}

TEST_CASE("a server whose epoch changes with every answer is refused") {
  Desk desk;
  int epoch = 0;
  desk.server.reply_to_pull([&](const PullRequest&) { return of_epoch(page({}, 50), std::to_string(++epoch)); });
  desk.pull();
  CHECK(fault_of([&] { desk.pull(); }) == ErrorCode::unexpected_reply);
}

}  // namespace
}  // namespace tether::replica
