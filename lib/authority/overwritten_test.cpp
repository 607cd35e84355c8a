// SPDX-License-Identifier: MIT
// What an applied edit took the place of without its writer having seen it, as whoever had written it is told with the
// next pull.
#include <limits>

#include "authority/fixture.hpp"
#include "authority/judge.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;
using rules::Policy;

protocol::PullRequest by(const std::string& client, std::optional<Cursor> cursor = {}) {
  return {.client_id = ClientId{client}, .cursor = cursor};
}

/// `T1 {"title":"pump"} by ben`, with `deleted` in place of the values, and how the mutation that won is numbered.
Lines told(const protocol::PullReply& reply) {
  Lines out;
  for (const protocol::OverwriteReport& report : reply.overwritten) {
    CHECK(report.server_updated_at_us >= k_start_ms * 1000);
    const std::string& writer = report.server_written_by.value;
    out.push_back(number_of(report.mutation_id) + " " + report.key.id.value + " version " +
                  std::to_string(report.version) + " " + (report.deleted ? "deleted" : report.lost) + " by " +
                  (writer.empty() ? "nobody" : writer) + (report.by_program ? ", a program" : ""));
  }
  return out;
}

/// Ann's title of `T1` is there and was pulled by nobody when ben, who knows the record as it was, writes his.
struct Overwritten {
  Judge* judge = nullptr;
  Server server{{}, judge};
  Cursor seen_by_ann{0};

  void meet(const std::string& mine = R"({"title":"hose","pin":"7"})",
            const std::string& other = R"({"title":"valve","pin":"8"})") {
    server.push("zoe", {create(1, "T1", R"({"title":"pump","pin":"0"})")});
    server.push("ann", {seeing(1, update(2, "T1", mine))});
    seen_by_ann = *server.pull(by("ann")).new_cursor;
    server.push("ben", {seeing(1, update(3, "T1", other))});
  }
};

TEST_CASE_FIXTURE(Overwritten, "whoever wrote what an edit took the place of is told what it was, and by whom") {
  meet();
  const protocol::PullReply reply = server.pull(by("ann", seen_by_ann));
  CHECK(told(reply) == Lines{R"(3 T1 version 2 {"title":"hose","pin":"7"} by ben)"});
  REQUIRE(reply.overwritten.size() == 1);
  CHECK(reply.overwritten[0].fields == Lines{"title", "pin"});
  CHECK(reply.overwritten[0].written_at_ms == k_start_ms - 9'998);
  CHECK_FALSE(reply.has_more);
  CHECK(told(server.pull(by("ann", reply.new_cursor))).empty());
  CHECK(told(server.pull(by("ann", seen_by_ann))) == told(reply));
}

/// Ben's title and then cy's note stand in T1 of zoe, each having seen all before, when ann, who saw only what zoe
/// wrote, writes or deletes.
struct SeveralAuthors {
  Server server;
  Cursor seen{0};

  void write() {
    server.use("Task", {.policy = Policy::client_wins});
    server.push("zoe", {create(1, "T1", R"({"title":"pump","note":"a","done":false})")});
    server.push("ben", {seeing(1, update(2, "T1", R"({"title":"valve","note":"a","done":false})"))});
    server.push("cy", {seeing(2, update(3, "T1", R"({"title":"valve","note":"b","done":false})"))});
    seen = *server.pull(by("ann")).new_cursor;
  }
  Lines told_to(const std::string& client) { return told(server.pull(by(client, seen))); }
};

TEST_CASE_FIXTURE(SeveralAuthors, "each author of a record is told what of its own was overwritten, and nothing else") {
  write();
  server.push("ann", {seeing(1, update(4, "T1", R"({"title":"hose","note":"c","done":false})"))});
  CHECK(told_to("ben") == Lines{R"(4 T1 version 2 {"title":"valve"} by ann)"});
  CHECK(told_to("cy") == Lines{R"(4 T1 version 3 {"note":"b"} by ann)"});
  for (const char* client : {"ann", "zoe"}) CHECK(told_to(client).empty());
  const std::string was = R"({"title":"valve","note":"b","done":false})";
  CHECK(server.lost() ==
        Lines{R"(4 overwritten ["title"] of ben by ann )" + was, R"(4 overwritten ["note"] of cy by ann )" + was});
  CHECK(server.pull(by("ben", seen)).overwritten.at(0).written_at_ms == k_start_ms - 9'998);
}

TEST_CASE_FIXTURE(SeveralAuthors, "the last writer is told nothing where it lost nothing") {
  write();
  server.push("ann", {seeing(1, update(4, "T1", R"({"title":"hose","done":false})"))});
  CHECK(told_to("ben") == Lines{R"(4 T1 version 2 {"title":"valve"} by ann)"});
  CHECK(told_to("cy").empty());
  CHECK(server.lost() == Lines{R"(4 overwritten ["title"] of ben by ann {"title":"valve","note":"b","done":false})"});
}

TEST_CASE_FIXTURE(SeveralAuthors, "once told, it is not told again, and a full pull tells all of it") {
  write();
  server.push("ann", {seeing(1, update(4, "T1", R"({"title":"hose","note":"c"})"))});
  for (const char* client : {"ben", "cy"}) {
    const protocol::PullReply reply = server.pull(by(client, seen));
    CHECK(told(reply).size() == 1);
    CHECK(told(server.pull(by(client, reply.new_cursor))).empty());
    CHECK(told(server.pull(by(client))).size() == 1);
  }
}

TEST_CASE_FIXTURE(SeveralAuthors, "of a delete every author is told, but for the one whose delete it is") {
  write();
  server.push("zoe", {seeing(1, remove(4, "T1"))});
  CHECK(told_to("ben") == Lines{R"(4 T1 version 2 {"title":"valve"} by zoe)"});
  CHECK(told_to("cy") == Lines{R"(4 T1 version 3 {"note":"b"} by zoe)"});
  CHECK(told_to("zoe").empty());
  CHECK(server.lost().size() == 2);
}

TEST_CASE_FIXTURE(SeveralAuthors, "an edit that wins over a delete takes that from who deleted, and from nobody else") {
  write();
  server.use("Task", {.policy = Policy::client_wins, .delete_policy = rules::DeletePolicy::edit_wins});
  server.push("dora", {seeing(3, remove(4, "T1"))});
  auto edit = seeing(1, update(5, "T1", R"({"title":"pump","note":"a","done":true})"));
  edit.before = R"({"done":false})";
  server.push("ann", {edit});
  CHECK(told_to("dora") == Lines{"5 T1 version 4 deleted by ann"});
  for (const char* client : {"ben", "cy", "zoe"}) CHECK(told_to(client).empty());
  server.push("eve", {seeing(1, update(6, "T1", R"({"title":"hose","note":"a","done":false})"))});
  CHECK(told_to("ben") == Lines{R"(6 T1 version 2 {"title":"valve"} by eve)"});
  CHECK(told_to("cy") == Lines{R"(6 T1 version 3 {"note":"b"} by eve)"});
  CHECK(told_to("ann") == Lines{R"(6 T1 version 5 {"done":true} by eve)"});
}

TEST_CASE_FIXTURE(SeveralAuthors, "of edits in one batch it is known as well who wrote what") {
  server.use("Task", {.policy = Policy::client_wins});
  const protocol::PushRequest of_ben{ClientId{"ben"}, {create(1, "T1", R"({"title":"valve"})")}, {}, {}};
  const protocol::PushRequest of_cy{ClientId{"cy"}, {seeing(1, update(2, "T1", R"({"note":"b"})"))}, {}, {}};
  const protocol::PushRequest of_ann{
      ClientId{"ann"}, {seeing(0, update(3, "T1", R"({"title":"hose","note":"c"})"))}, {}, {}};
  Submission first(of_ben, server.clock.now());
  Submission second(of_cy, server.clock.now());
  Submission third(of_ann, server.clock.now());
  Submission* const together[] = {&first, &second, &third};
  REQUIRE(server.authority.push(*server.database, server.scope, together));
  CHECK(told_to("ben") == Lines{R"(3 T1 version 1 {"title":"valve"} by ann)"});
  CHECK(told_to("cy") == Lines{R"(3 T1 version 2 {"note":"b"} by ann)"});
  const protocol::PushReply next = server.push("ann", {create(4, "T2")});
  const protocol::PullReply of_next = server.pull(by("cy"));
  CHECK(of_next.new_cursor == next.cursor);
}

TEST_CASE_FIXTURE(SeveralAuthors, "what a program of an earlier schema wrote over counts as that one's altogether") {
  write();
  server.database->execute(
      R"(UPDATE tether_records SET payload = '{"title":"valve","note":"b","done":true}', written_by = 'dora', )"
      "written_version = 7, rev = rev + 1");
  server.push("ann", {seeing(1, update(4, "T1", R"({"title":"hose","note":"c"})"))});
  CHECK(told_to("dora") == Lines{R"(4 T1 version 7 {"title":"valve","note":"b"} by ann)"});
  for (const char* client : {"ben", "cy"}) CHECK(told_to(client).empty());
}

TEST_CASE_FIXTURE(SeveralAuthors,
                  "compact forgets the parts of all authors, and what an earlier program forgot in part") {
  write();
  server.push("ann", {seeing(1, update(4, "T1", R"({"title":"hose","note":"c"})"))});
  SUBCASE("by itself") {}
  SUBCASE("behind an earlier program") {
    server.database->execute("DELETE FROM tether_overwritten");
  }
  server.clock.advance(std::chrono::hours(24 * 30));
  server.authority.compact(*server.database, std::chrono::hours(24));
  CHECK(server.lost().empty());
  CHECK(server.column("SELECT written_by FROM tether_overwritten_shares").empty());
  for (const char* client : {"ben", "cy"}) CHECK(told_to(client).empty());
}

TEST_CASE_FIXTURE(SeveralAuthors,
                  "a record that one client wrote names no authors, and one that all see whole neither") {
  server.push("ann", {create(1, "T1", R"({"title":"pump"})")});
  server.push("ann", {update(2, "T1", R"({"title":"hose"})")});
  server.push("ben", {seeing(2, update(3, "T1", R"({"title":"valve"})"))});
  CHECK(server.column("SELECT authors FROM tether_records") == Lines{"-"});
}

TEST_CASE_FIXTURE(Overwritten, "nobody else is told") {
  meet();
  for (const char* client : {"ben", "zoe", "cleo"}) CHECK(told(server.pull(by(client))).empty());
}

TEST_CASE_FIXTURE(Overwritten, "a full pull tells it again") {
  meet();
  CHECK(told(server.pull(by("ann"))).size() == 1);
  protocol::PullRequest fresh = by("ann");
  fresh.fresh = true;
  CHECK(told(server.pull(fresh)).size() == 1);
}

TEST_CASE_FIXTURE(Overwritten, "what it is told when its row was already pulled still comes") {
  meet();
  protocol::PullRequest one = by("ann", seen_by_ann);
  one.limit = 1;
  server.push("ben", {create(4, "T2")});
  const protocol::PullReply first = server.pull(one);
  CHECK(lines(first).size() == 1);
  CHECK(told(first).empty());
  CHECK(first.has_more);
  CHECK(told(server.pull(by("ann", first.new_cursor))).size() == 1);
}

TEST_CASE("an edit that a slow clock decides late is told all the same: its place is not its time") {
  Server server;
  SteppingClock behind{from_ms(k_start_ms - 60'000)};
  Authority late(behind, server.random, {});
  late.use(std::make_shared<const rules::Models>(
      std::map<std::string, rules::Model, std::less<>>{{"Task", {.policy = Policy::client_wins}}}));
  server.push("zoe", {create(1, "T1", R"({"n":1})")});
  server.push("ann", {seeing(1, update(2, "T1", R"({"n":2})"))});
  const auto seen = server.pull(by("ann")).new_cursor;
  late.push(*server.database, server.scope, {ClientId{"ben"}, {seeing(1, update(3, "T1", R"({"n":3})"))}, {}, {}});
  const auto decided = server.column("SELECT decided_us FROM tether_overwritten");
  REQUIRE(decided.size() == 1);
  CHECK(std::stoll(decided[0]) < seen->value);
  CHECK(server.pull(by("ann", seen)).overwritten.size() == 1);
}

TEST_CASE("many of them come page by page, each once, and the rows with them") {
  constexpr int k_records = 250;
  Server server;
  for (int i = 0; i < k_records; ++i) {
    const std::string entity = "T" + std::to_string(1000 + i);
    server.push("ann", {create(i + 1, entity, R"({"n":1})")});
  }
  const auto seen = server.pull(by("ann")).new_cursor;
  std::vector<protocol::Mutation> edits;
  for (int i = 0; i < k_records; ++i) {
    edits.push_back(seeing(0, update(1000 + i, "T" + std::to_string(1000 + i), R"({"n":2})")));
  }
  server.push("ben", edits);
  std::optional<Cursor> cursor = seen;
  Lines all;
  std::map<std::string, std::string> rows;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    const protocol::PullReply reply = server.pull(by("ann", cursor));
    CHECK(reply.overwritten.size() <= 100);
    CHECK(*reply.new_cursor > *cursor);
    for (const std::string& line : told(reply)) all.push_back(line.substr(0, line.find(' ')));
    for (const auto& row : reply.snapshots) rows[row.key.id.value] = row.payload;
    cursor = reply.new_cursor;
    more = reply.has_more;
  }
  CHECK(pages == 3);
  REQUIRE(all.size() == k_records);
  for (int i = 0; i < k_records; ++i) CHECK(all[static_cast<std::size_t>(i)] == std::to_string(1000 + i));
  CHECK(rows.size() == k_records);
  CHECK(server.pull(by("ann", cursor)).overwritten.empty());
}

TEST_CASE("long values come a few at a time") {
  Server server;
  const std::string note(300'000, 'x');
  for (int i = 1; i <= 9; ++i) {
    server.push("ann", {create(i, "T" + std::to_string(i), R"({"note":")" + note + R"("})")});
  }
  const auto seen = server.pull(by("ann")).new_cursor;
  for (int i = 1; i <= 9; ++i) {
    server.push("ben", {seeing(0, update(10 + i, "T" + std::to_string(i), R"({"note":"short"})"))});
  }
  const protocol::PullReply first = server.pull(by("ann", seen));
  CHECK(first.overwritten.size() == 4);
  CHECK(first.has_more);
  CHECK(server.pull(by("ann", first.new_cursor)).overwritten.size() == 4);
}

TEST_CASE_FIXTURE(Overwritten, "it is told under the names and behind the masks of what is told at all") {
  server.use("Task", {.rename = {{"secret", "pin"}}, .hide = {"title"}, .mask = {{"pin", R"("***")"}}});
  meet(R"({"title":"hose","secret":"7"})", R"({"title":"valve","secret":"8"})");
  const protocol::PullReply reply = server.pull(by("ann", seen_by_ann));
  CHECK(told(reply) == Lines{R"(3 T1 version 2 {"secret":"***"} by ben)"});
  server.use("Task", {.hide = {"title", "pin"}});
  CHECK(told(server.pull(by("ann", seen_by_ann))).empty());
  CHECK(server.lost().size() == 1);
}

TEST_CASE_FIXTURE(Overwritten,
                  "of a field that clients know by no name nothing is told, least of all another one's value") {
  meet(R"({"secret":"1","pin":"7"})", R"({"secret":"2","pin":"7"})");
  server.use("Task", {.rename = {{"secret", "pin"}}});
  CHECK(told(server.pull(by("ann", seen_by_ann))).empty());
}

TEST_CASE_FIXTURE(Overwritten,
                  "of a record outside of its part a client is told nothing, and of one that left it not who") {
  const rules::Conditions title_is_hose{{.field = "title", .any_of = {{.constant = R"("hose")"}}}};
  const rules::Conditions title_is_other{{.field = "title", .any_of = {{.constant = R"("other")"}}}};
  meet();
  server.use("Task", {.visible = title_is_hose});
  CHECK(told(server.pull(by("ann", seen_by_ann))) == Lines{R"(3 T1 version 2 {"title":"hose","pin":"7"} by nobody)"});
  server.use("Task", {.visible = title_is_other});
  CHECK(told(server.pull(by("ann", seen_by_ann))).empty());
}

TEST_CASE_FIXTURE(Overwritten, "models that are not served, or not asked for, are not told of") {
  meet();
  protocol::PullRequest others = by("ann", seen_by_ann);
  others.models = {ModelName{"Part"}};
  CHECK(told(server.pull(others)).empty());
  server.use("Part", {});
  CHECK(told(server.pull(by("ann", seen_by_ann))).empty());
}

TEST_CASE("whoever deleted is told that an edit won over that") {
  Server server;
  server.use("Task", {.delete_policy = rules::DeletePolicy::edit_wins});
  server.push("zoe", {create(1, "T1", R"({"title":"pump"})")});
  server.push("ann", {seeing(1, remove(2, "T1"))});
  const auto seen = server.pull(by("ann")).new_cursor;
  auto edit = seeing(1, update(3, "T1", R"({"title":"hose"})"));
  edit.before = R"({"title":"pump"})";
  server.push("ben", {edit});
  CHECK(told(server.pull(by("ann", seen))) == Lines{"3 T1 version 2 deleted by ben"});
}

TEST_CASE("whoever edited is told that a delete won over that") {
  Server server;
  server.use("Task", {.delete_policy = rules::DeletePolicy::delete_wins});
  server.push("zoe", {create(1, "T1", R"({"title":"pump"})")});
  server.push("ann", {seeing(1, update(2, "T1", R"({"title":"hose"})"))});
  const auto seen = server.pull(by("ann")).new_cursor;
  server.push("ben", {seeing(1, remove(3, "T1"))});
  CHECK(told(server.pull(by("ann", seen))) == Lines{R"(3 T1 version 2 {"title":"hose"} by ben)"});
}

struct KeepsTheLarger final : Judge {
  std::vector<rules::Verdict> decide(std::span<const Case> cases) override {
    return {cases.size(), rules::Apply{R"({"n":9})"}};
  }
};

TEST_CASE("what a program put in the place of two values says so to the writer of the first") {
  KeepsTheLarger judge;
  Server server({}, &judge);
  server.use("Task", {.policy = Policy::exec, .resolver = rules::Command{.arguments = {"resolver"}}});
  server.push("zoe", {create(1, "T1", R"({"n":1})")});
  server.push("ann", {seeing(1, update(2, "T1", R"({"n":2})"))});
  const auto seen = server.pull(by("ann")).new_cursor;
  server.push("ben", {seeing(1, update(3, "T1", R"({"n":3})"))});
  CHECK(told(server.pull(by("ann", seen))) == Lines{R"(3 T1 version 2 {"n":2} by ben, a program)"});
}

TEST_CASE("no push moves its client's cursor beyond what it was not told") {
  Server server;
  server.push("zoe", {create(1, "T1", R"({"n":1})")});
  server.push("ann", {seeing(1, update(2, "T1", R"({"n":2})"))});
  const protocol::PushRequest of_ben{ClientId{"ben"}, {seeing(1, update(3, "T1", R"({"n":3})"))}, {}, {}};
  const protocol::PushRequest of_ann{ClientId{"ann"}, {seeing(3, update(4, "T1", R"({"n":4})"))}, {}, {}};
  Submission first(of_ben, server.clock.now());
  Submission second(of_ann, server.clock.now());
  Submission* const together[] = {&first, &second};
  REQUIRE(server.authority.push(*server.database, server.scope, together));
  REQUIRE(second.reply.cursor);
  CHECK(told(server.pull(by("ann", second.reply.cursor))) == Lines{R"(3 T1 version 2 {"n":2} by ben)"});
  const protocol::PushReply next = server.push("ann", {create(5, "T2")});
  CHECK(*next.cursor_before > *second.reply.cursor);
}

TEST_CASE_FIXTURE(Overwritten, "what compact forgot is not told") {
  meet();
  server.clock.advance(std::chrono::hours(24 * 30));
  server.authority.compact(*server.database, std::chrono::hours(24));
  CHECK(server.lost().empty());
  CHECK(told(server.pull(by("ann"))).empty());
}

TEST_CASE_FIXTURE(Overwritten, "what a program of an earlier schema kept is told to nobody, and listed") {
  meet();
  server.database->execute("UPDATE tether_overwritten SET order_us = 0");
  CHECK(told(server.pull(by("ann"))).empty());
  CHECK(server.lost().size() == 1);
}

}  // namespace
}  // namespace tether::authority
