// SPDX-License-Identifier: MIT
// What lost, as its writer is told it and as the server keeps it: fields, values, who won, and whether a program said
// so.
#include "authority/losses.hpp"

#include "authority/fixture.hpp"
#include "authority/judge.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;
using rules::Policy;
using rules::Strategy;

/// `3 {"fields":["title"],…}`
Lines told(const protocol::PushReply& reply) {
  Lines out;
  for (const protocol::LossReport& report : reply.lost) {
    CHECK(report.server_updated_at_us > 0);
    protocol::LossReport timeless = report;
    timeless.server_updated_at_us = 0;
    out.push_back(number_of(report.mutation_id) + " " + protocol::encode_loss_data(timeless));
  }
  return out;
}

/// `3 merged, won by ben`
Lines kept(Server& server) {
  Lines out;
  sql::in_transaction(*server.database, sql::Access::read, [&](sql::Transaction& transaction) {
    losses(transaction, {server.scope, {}, {}}, [&](const Loss& loss) {
      CHECK((loss.won_us > 0) == !loss.won_by.value.empty());
      std::string line = number_of(loss.mutation_id) + " " + loss.why;
      if (!loss.won_by.value.empty()) line += ", won by " + loss.won_by.value;
      if (loss.why == "overwritten") line += " in " + loss.detail;
      out.push_back(line + (loss.by_program ? ", by a program" : ""));
    });
  });
  return out;
}

protocol::Mutation having_seen(const std::string& before, protocol::Mutation mutation) {
  mutation.before = before;
  return mutation;
}

rules::Model merging_title_and_note() {
  rules::Model model{.policy = Policy::merge};
  model.strategies.set("title", Strategy::server);
  model.strategies.set("note", Strategy::server);
  return model;
}

/// Ann's edit 3 of title and note meets ben's edit 2 of both, which stands; done is hers.
struct Merged {
  Server server;
  protocol::Mutation edit = seeing(1, having_seen(R"({"title":"pump","note":"a","done":false})",
                                                  update(3, "T1", R"({"title":"hose","note":"c","done":true})")));
  void meet(rules::Model model) {
    server.use("Task", std::move(model));
    server.push("ann", {create(1, "T1", R"({"title":"pump","note":"a","done":false})")});
    server.push("ben", {seeing(1, having_seen(R"({"title":"pump","note":"a"})",
                                              update(2, "T1", R"({"title":"valve","note":"b","done":false})")))});
  }
};

TEST_CASE_FIXTURE(Merged, "whoever loses in a merge is told what it sent, what stands and who wrote that") {
  meet(merging_title_and_note());
  const protocol::PushReply reply = server.push("ann", {edit});
  CHECK(told(reply) == Lines{R"(3 {"fields":["title","note"],"sent":{"title":"hose","note":"c"},)"
                             R"("stands":{"title":"valve","note":"b"},"server_written_by":"ben"})"});
  CHECK(kept(server) == Lines{"3 merged, won by ben"});
  CHECK(server.push("ann", {edit}).lost == reply.lost);
}

TEST_CASE_FIXTURE(Merged, "a preview tells what would be lost") {
  meet(merging_title_and_note());
  const protocol::PushReply foreseen = server.preview("ann", {edit});
  CHECK(told(foreseen).size() == 1);
  CHECK(server.push("ann", {edit}).lost == foreseen.lost);
}

TEST_CASE("a duplicate is told what it lost like any other") {
  Server server(Options{.strict_duplicates = true});
  server.use("Task", merging_title_and_note());
  server.push("ann", {create(1, "T1", R"({"title":"pump"})")});
  server.push("ben", {seeing(1, having_seen(R"({"title":"pump"})", update(2, "T1", R"({"title":"valve"})")))});
  const auto edit = seeing(1, having_seen(R"({"title":"pump"})", update(3, "T1", R"({"title":"hose"})")));
  const protocol::PushReply first = server.push("ann", {edit});
  const protocol::PushReply again = server.push("ann", {edit});
  CHECK(lines(again) == Lines{"3 duplicate {}"});
  CHECK(first.lost.size() == 1);
  CHECK(again.lost == first.lost);
}

TEST_CASE_FIXTURE(Merged, "what lost is told under the names and behind the masks of what is told at all") {
  rules::Model model = merging_title_and_note();
  model.strategies.set("title", Strategy::lww);
  edit.timestamp_ms -= 100'000;
  model.mask = {{"title", R"("***")"}};
  model.hide = {"note"};
  meet(std::move(model));
  CHECK(told(server.push("ann", {edit})) ==
        Lines{R"(3 {"fields":["title"],"sent":{"title":"hose"},"stands":{"title":"***"},"server_written_by":"ben"})"});
  CHECK(server.column("SELECT data FROM tether_mutations WHERE data IS NOT NULL")
            .at(0)
            .starts_with(R"({"lost":["title","note"],)"));
}

TEST_CASE("of a masked field that lost by what is stored there nothing is told, and the loss is kept") {
  Server server;
  rules::Model model{.policy = Policy::merge};
  model.strategies.set("title", Strategy::max);
  model.mask = {{"title", R"("***")"}};
  server.use("Task", std::move(model));
  server.push("ann", {create(1, "T1", R"({"title":5})")});
  server.push("ben", {seeing(1, having_seen(R"({"title":5})", update(2, "T1", R"({"title":9})")))});
  const auto reply =
      server.push("cleo", {seeing(1, having_seen(R"({"title":"***"})", update(3, "T1", R"({"title":7})")))});
  CHECK(lines(reply) == Lines{"3 applied rev 3", "3 merged"});
  CHECK(told(reply).empty());
  CHECK(kept(server) == Lines{"3 merged, won by ben"});
}

TEST_CASE_FIXTURE(Merged, "of fields that are hidden nothing is told, and the loss is kept") {
  rules::Model model = merging_title_and_note();
  model.hide = {"title", "note"};
  meet(std::move(model));
  CHECK(told(server.push("ann", {edit})).empty());
  CHECK(kept(server) == Lines{"3 merged, won by ben"});
}

TEST_CASE_FIXTURE(Merged, "what was merged by a server that kept only names is answered as it was then") {
  meet(merging_title_and_note());
  server.push("ann", {edit});
  server.database->execute(R"(UPDATE tether_mutations SET data = '{"lost":["title"]}' WHERE outcome = 'merged')", {});
  CHECK(told(server.push("ann", {edit})).empty());
  CHECK(kept(server) == Lines{"3 merged"});
}

TEST_CASE("a value under a name that a rename has taken is told its writer as lost, and kept") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"title":"pump","note":"a"})")});
  server.use("Task", {.rename = {{"headline", "title"}}});
  const auto edit = seeing(1, having_seen(R"({"title":"pump"})", update(2, "T1", R"({"title":"hose","note":"a"})")));
  CHECK(server.preview("ann", {edit}).lost.size() == 1);
  const auto reply = server.push("ann", {edit});
  REQUIRE(reply.lost.size() == 1);
  CHECK(protocol::encode_loss_data(reply.lost[0]) == R"({"fields":["title"],"sent":{"title":"hose"},"stands":{}})");
  CHECK(server.column("SELECT data FROM tether_mutations WHERE data IS NOT NULL").at(0) ==
        R"({"lost":["title"],"fields":["title"],"sent":{"title":"hose"},"stands":{}})");
  CHECK(kept(server) == Lines{"2 merged"});
}

TEST_CASE("a conflict says who wrote what stands, and so does the list of what lost") {
  Server server;
  server.use("Task", {.policy = Policy::server_wins});
  server.push("ann", {create(1, "T1", R"({"n":1})")});
  server.push("ben", {seeing(1, update(2, "T1", R"({"n":2})"))});
  const auto edit = seeing(1, update(3, "T1", R"({"n":3})"));
  const protocol::PushReply reply = server.push("cleo", {edit});
  CHECK(reply.conflicts.at(0).server_written_by == ClientId{"ben"});
  CHECK(server.push("cleo", {edit}).conflicts == reply.conflicts);
  CHECK(kept(server) == Lines{"3 conflict, won by ben"});
}

struct OneVerdict final : Judge {
  rules::Verdict verdict = rules::Keep{};
  std::vector<rules::Verdict> decide(std::span<const Case> cases) override { return {cases.size(), verdict}; }
};

struct Judged {
  OneVerdict judge;
  Server server{{}, &judge};
  protocol::PushReply push_disputed(rules::Verdict verdict) {
    judge.verdict = std::move(verdict);
    server.use("Task", {.policy = Policy::exec, .resolver = rules::Command{.arguments = {"resolver"}}});
    server.push("ann", {create(1, "T1", R"({"n":1})")});
    server.push("ben", {seeing(1, update(2, "T1", R"({"n":2})"))});
    return server.push("cleo", {seeing(1, update(3, "T1", R"({"n":3})"))});
  }
};

TEST_CASE_FIXTURE(Judged, "what a program merged says so, to the loser and on the server") {
  CHECK(told(push_disputed(rules::Apply{R"({"n":9})"})) ==
        Lines{R"(3 {"fields":["n"],"sent":{"n":3},"stands":{"n":9},"server_written_by":"ben","by_program":true})"});
  CHECK(kept(server) ==
        Lines{"3 merged, won by ben, by a program", R"(3 overwritten, won by cleo in ["n"], by a program)"});
}

TEST_CASE_FIXTURE(Judged, "what a program put in the place of what several wrote is lost of each of them") {
  judge.verdict = rules::Apply{R"({"n":9,"m":9})"};
  server.use("Task", {.policy = Policy::exec, .resolver = rules::Command{.arguments = {"resolver"}}});
  server.push("ann", {create(1, "T1", R"({"n":1,"m":1})")});
  server.push("ben", {seeing(1, update(2, "T1", R"({"n":2,"m":1})"))});
  server.push("dora", {seeing(2, update(3, "T1", R"({"n":2,"m":3})"))});
  server.push("cleo", {seeing(1, having_seen(R"({"k":null})", update(4, "T1", R"({"n":1,"m":1,"k":4})")))});
  const std::string was = R"({"n":2,"m":3})";
  CHECK(server.lost() == Lines{R"(4 merged by cleo {"n":1,"m":1,"k":4})",
                               R"(4 overwritten ["n"] of ben by cleo )" + was,
                               R"(4 overwritten ["m"] of dora by cleo )" + was});
  CHECK(kept(server) == Lines{"4 merged, won by dora, by a program",
                              R"(4 overwritten, won by cleo in ["n"], by a program)",
                              R"(4 overwritten, won by cleo in ["m"], by a program)"});
}

TEST_CASE_FIXTURE(Judged, "what a program deleted instead says that it is gone") {
  CHECK(told(push_disputed(rules::Delete{})) ==
        Lines{R"(3 {"fields":["n"],"sent":{"n":3},"stands":{},"deleted":true,"server_written_by":"ben",)"
              R"("by_program":true})"});
}

TEST_CASE_FIXTURE(Judged, "what a program kept or refused says so") {
  CHECK(push_disputed(rules::Keep{}).conflicts.at(0).by_program);
  judge.verdict = rules::Refuse{"too_late", R"({"messages":{"n":["is settled"]}})"};
  const auto reply = server.push("dora", {seeing(1, update(4, "T1", R"({"n":4})"))});
  CHECK(lines(reply) == Lines{R"(4 too_late {"messages":{"n":["is settled"]},"by_program":true})"});
  CHECK(kept(server) == Lines{"3 conflict, won by ben, by a program", "4 too_late, by a program"});
}

TEST_CASE("scopes in which nothing lost are not counted among the others") {
  Server server;
  server.push("ann", {update(1, "T1", "{}")});
  server.scope = Scope{"office"};
  server.push("ann", {create(2, "T1")});
  sql::in_transaction(*server.database, sql::Access::read, [&](sql::Transaction& transaction) {
    CHECK(other_scopes_with_losses(transaction, Scope{"office"}) == 1);
    CHECK(other_scopes_with_losses(transaction, Scope{"school"}) == 0);
  });
}

}  // namespace
}  // namespace tether::authority
