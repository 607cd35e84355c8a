// SPDX-License-Identifier: MIT
// What the models file says, as clients meet it: decisions, losses, programs that decide, previews.
#include "authority/fixture.hpp"
#include "authority/judge.hpp"
#include "rules/json_schema.hpp"

namespace tether::authority {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;
using rules::Policy;
using rules::Strategy;

protocol::Mutation having_seen(const std::string& before, protocol::Mutation mutation) {
  mutation.before = before;
  return mutation;
}

TEST_CASE("a model that the file does not name is refused, and the rest is applied") {
  Server server;
  server.use("Task", {});
  auto other = create(1, "X1");
  other.model = ModelName{"Secret"};
  CHECK(lines(server.push("ann", {other, create(2, "T1")})) == Lines{"2 applied rev 1", "1 unknown_model {}"});
}

TEST_CASE("an edit that wins over one that its writer had not seen leaves a trace of it") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"title":"pump","done":false})")});
  server.push("ben", {seeing(1, update(2, "T1", R"({"title":"valve","done":false})"))});
  CHECK(lines(server.push("ann", {seeing(1, update(3, "T1", R"({"title":"hose","done":false})"))})) ==
        Lines{"3 applied rev 3"});
  CHECK(server.lost() == Lines{R"(3 overwritten ["title"] of ben by ann {"title":"valve","done":false})"});
}

TEST_CASE("an edit that is refused leaves a trace, too") {
  Server server;
  server.use("Task", {.policy = Policy::server_wins});
  server.push("ann", {create(1, "T1", R"({"title":"pump"})")});
  server.push("ben", {seeing(1, update(2, "T1", R"({"title":"valve"})"))});
  CHECK(lines(server.push("ann", {seeing(0, update(3, "T1", R"({"title":"hose"})")), update(4, "T9", "{}")})) ==
        Lines{"4 not_found {}", R"(3 conflict {"title":"valve","tether_id":"T1"} title rev 2)"});
  CHECK(server.lost() == Lines{R"(3 conflict by ann {"title":"hose"})", "4 not_found by ann {}"});
}

TEST_CASE("edits of different fields are merged, and what a strategy leaves out is kept for whoever looks for it") {
  rules::Model model{.policy = Policy::merge};
  model.strategies.set("title", Strategy::server);
  Server server;
  server.use("Task", model);
  server.push("ann", {create(1, "T1", R"({"title":"pump","done":false})")});
  server.push("ben",
              {seeing(1, having_seen(R"({"title":"pump"})", update(2, "T1", R"({"title":"valve","done":false})")))});
  const auto edit =
      seeing(1, having_seen(R"({"done":false,"title":"pump"})", update(3, "T1", R"({"title":"hose","done":true})")));
  CHECK(lines(server.push("ann", {edit})) == Lines{"3 applied rev 3", "3 merged"});
  CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"valve","done":true} rev 3 by ann)"});
  CHECK(server.lost() == Lines{R"(3 merged by ann {"title":"hose","done":true})"});
  CHECK(lines(server.push("ann", {edit})) == Lines{"3 applied rev 3", "3 merged"});
}

TEST_CASE("lww compares with the last edit of the record, whichever field that was of") {
  const auto at = [](int minute, protocol::Mutation made) {
    return seeing(1, written_at(k_start_ms - 3'600'000 + minute * 60'000, std::move(made)));
  };
  const auto of_ben = at(0, having_seen(R"({"title":"pump"})", update(2, "T1", R"({"title":"valve","note":""})")));
  const auto of_cleo = at(10, having_seen(R"({"note":""})", update(3, "T1", R"({"title":"pump","note":"dry"})")));
  const auto of_ann = at(5, having_seen(R"({"title":"pump"})", update(4, "T1", R"({"title":"hose","note":""})")));
  Server server;
  server.use("Task", {.policy = Policy::merge});
  server.push("zoe", {written_at(1, create(1, "T1", R"({"title":"pump","note":""})"))});
  server.push("ben", {of_ben});
  SUBCASE("Ann's title is later than Ben's, and not later than Cleo's note") {
    server.push("cleo", {of_cleo});
    server.push("ann", {of_ann});
    CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"valve","note":"dry"} rev 3 by cleo)"});
    CHECK(server.lost() == Lines{R"(4 merged by ann {"title":"hose","note":""})"});
  }
  SUBCASE("before Cleo's note arrives, it is later than everything") {
    server.push("ann", {of_ann});
    server.push("cleo", {of_cleo});
    CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"hose","note":"dry"} rev 4 by cleo)"});
    CHECK(server.lost() == Lines{R"(4 overwritten ["title"] of ben by ann {"title":"valve","note":""})"});
  }
}

TEST_CASE("what a client of ours changed and may not write is kept for whoever looks for it") {
  Server server;
  server.use("Task", {.except = {"price"}});
  server.push("office", {create(1, "T1", R"({"title":"pump","price":5})")});  // as the original client writes
  CHECK(server.lost().empty());
  const auto edit =
      seeing(1, having_seen(R"({"title":"pump","price":null})", update(2, "T1", R"({"title":"valve","price":1})")));
  CHECK(lines(server.push("ann", {edit})) == Lines{"2 applied rev 2", "2 merged"});
  CHECK(lines(server.push("ann", {edit})) == Lines{"2 applied rev 2", "2 merged"});
  server.push("ann", {seeing(0, create(3, "T2", R"({"price":7})"))});
  CHECK(server.lost() == Lines{R"(2 merged by ann {"title":"valve","price":1})", R"(3 merged by ann {"price":7})"});
  const Lines data = server.column("SELECT data FROM tether_mutations WHERE data IS NOT NULL ORDER BY mutation_id");
  REQUIRE(data.size() == 2);
  CHECK(data[0].starts_with(R"({"lost":["price"],"fields":["price"],"sent":{"price":1},"stands":{})"));
  CHECK(data[0].find("office") == std::string::npos);  // nobody's value stands instead
  CHECK(data[1].starts_with(R"({"lost":["price"],"fields":["price"],"sent":{"price":7},"stands":{})"));
  CHECK(lines(server.pull()) == Lines{R"(T1 {"title":"valve"} rev 2 by ann)", "T2 {} rev 1 by ann"});
}

TEST_CASE("an edit that wins over a delete brings back what stood there, and the delete is kept") {
  for (const Policy policy : {Policy::merge, Policy::last_write_wins}) {
    Server server;
    server.use("Task", {.policy = policy, .delete_policy = rules::DeletePolicy::edit_wins});
    server.push("zoe", {create(1, "T1", R"({"a":1,"b":1})")});
    server.push("carl", {seeing(1, having_seen(R"({"b":1})", update(2, "T1", R"({"a":1,"b":2})")))});
    server.push("ben", {seeing(2, remove(3, "T1"))});
    CHECK(lines(server.push("ann", {seeing(1, having_seen(R"({"a":1})", update(4, "T1", R"({"a":5,"b":1})")))})) ==
          Lines{"4 applied rev 4", "4 merged"});
    CHECK(lines(server.pull()) == Lines{R"(T1 {"a":5,"b":2} rev 4 by ann)"});
    CHECK(server.lost() == Lines{R"(4 overwritten ["a","b"] deleted by ben by ann {"a":1,"b":2})"});
  }
}

TEST_CASE("a payload that the schema does not like is refused with a message for each field") {
  rules::Model model;
  model.validate = std::make_shared<rules::JsonSchema>(R"({"required":["title"]})");
  Server server;
  server.use("Task", model);
  const auto reply = server.push("ann", {create(1, "T1", R"({"done":true})"), create(2, "T2", R"({"title":"pump"})")});
  CHECK(reply.applied == std::vector{MutationId{id(2)}});
  REQUIRE(reply.rejected.size() == 1);
  CHECK(reply.rejected[0].reason == "validation_failed");
  CHECK(reply.rejected[0].data.find(R"("title")") != std::string::npos);
  // An update is judged by what would come of it.
  CHECK(lines(server.push("ann", {update(3, "T2", R"({"done":true})")})) == Lines{"3 applied rev 2", "3 merged"});
}

/// Answers by the order of the questions, and remembers them as lines.
class FakeJudge final : public Judge {
 public:
  std::vector<rules::Verdict> decide(std::span<const Case> cases) override {
    std::vector<rules::Verdict> verdicts;
    for (const auto& [command, question] : cases) {
      heard.push_back(command.arguments.at(0) + " " + question.ours + " against " + question.theirs);
      verdicts.push_back(says(question));
    }
    return verdicts;
  }
  std::function<rules::Verdict(const rules::Question&)> says = [](const auto&) { return rules::NoAnswer{"silent"}; };
  Lines heard;
};

rules::Model decided_by_a_program() {
  return {.policy = Policy::exec, .resolver = rules::Command{.arguments = {"resolver"}}};
}

struct Disputed {
  FakeJudge judge;
  Server server{{}, &judge};
  Disputed() {
    server.use("Task", decided_by_a_program());
    server.push("ann", {create(1, "T1", R"({"n":1})")});
    server.push("ben", {seeing(1, update(2, "T1", R"({"n":2})"))});
  }
};

TEST_CASE_FIXTURE(Disputed, "a program decides a conflict, and its answer is remembered with the mutation") {
  judge.says = [](const auto&) { return rules::Apply{R"({"n":9})"}; };
  const auto edit = seeing(1, update(3, "T1", R"({"n":3})"));
  for (int times = 0; times < 2; ++times) {
    CHECK(lines(server.push("cleo", {edit})) == Lines{"3 applied rev 3", "3 merged"});
  }
  CHECK(judge.heard == Lines{R"(resolver {"n":3} against {"n":2})"});
  CHECK(lines(server.pull()) == Lines{R"(T1 {"n":9} rev 3 by cleo)"});
  CHECK(server.lost() == Lines{R"(3 merged by cleo {"n":3})", R"(3 overwritten ["n"] of ben by cleo {"n":2})"});
}

TEST_CASE_FIXTURE(Disputed, "edits of one record are asked about one after the other, all others go through") {
  judge.says = [](const rules::Question& question) { return rules::Apply{question.ours}; };
  const auto reply = server.push(
      "cleo", {seeing(1, update(3, "T1", R"({"n":3})")), create(4, "T2"), seeing(0, update(5, "T1", R"({"n":5})"))});
  CHECK(lines(reply) == Lines{"3 applied rev 3", "4 applied rev 1", "5 applied rev 4"});
  CHECK(judge.heard.size() == 1);  // cleo's second edit is behind her own first
}

TEST_CASE_FIXTURE(Disputed, "without an answer the mutation may be sent again, and the rest is applied") {
  const auto edit = seeing(1, update(3, "T1", R"({"n":3})"));
  CHECK(lines(server.push("cleo", {edit, create(4, "T2")})) == Lines{"4 applied rev 1", "3 error {}"});
  judge.says = [](const auto&) { return rules::Keep{}; };
  CHECK(lines(server.push("cleo", {edit})) == Lines{R"(3 conflict {"n":2,"tether_id":"T1"} n rev 2)"});
}

TEST_CASE_FIXTURE(Disputed, "what stands behind an edit that was put off is put off with it, of that record only") {
  const auto reply = server.push(
      "cleo", {seeing(1, update(3, "T1", R"({"n":3})")), seeing(2, update(4, "T1", R"({"n":4})")), create(5, "T2")});
  CHECK(lines(reply) == Lines{"5 applied rev 1", "3 error {}", "4 error {}"});
}

TEST_CASE_FIXTURE(Disputed, "a program that is not asked in time does not hold a batch up for ever") {
  int asked = 0;
  judge.says = [&](const rules::Question& question) {
    server.clock.advance(std::chrono::seconds(15));
    ++asked;
    return rules::Apply{question.theirs};
  };
  std::vector<protocol::Mutation> edits;
  for (int number = 3; number < 9; ++number) {
    auto edit = seeing(1, update(number, "T1", R"({"n":)" + std::to_string(number) + "}"));
    edit.before = R"({"n":)" + std::to_string(number - 1) + "}";
    edits.push_back(edit);
  }
  const auto reply = server.push("cleo", edits);
  CHECK(asked == 2);
  CHECK(reply.applied.size() == 2);
  CHECK(reply.rejected.size() == 4);
}

TEST_CASE("without anybody to ask, what a program should decide is put off") {
  Server server;
  server.use("Task", decided_by_a_program());
  server.push("ann", {create(1, "T1", R"({"n":1})")});
  server.push("ben", {seeing(1, update(2, "T1", R"({"n":2})"))});
  CHECK(lines(server.push("cleo", {seeing(1, update(3, "T1", R"({"n":3})"))})) == Lines{"3 error {}"});
}

TEST_CASE("a mapper is asked about what arrives, and what it makes of that is stored") {
  FakeJudge judge;
  Server server({}, &judge);
  server.use("Task", {.mapper = rules::Command{.arguments = {"mapper"}}});
  judge.says = [](const rules::Question& question) -> rules::Verdict {
    if (question.ours == "{}") return rules::Refuse{"empty", "{}"};
    return rules::Apply{R"({"cents":250})"};
  };
  const auto reply = server.push_as("{}", "ann", {create(1, "T1", R"({"euro":2.5})"), create(2, "T2", "{}")});
  CHECK(lines(reply) == Lines{"1 applied rev 1", "1 merged", R"(2 empty {"by_program":true})"});
  CHECK(lines(server.pull()) == Lines{R"(T1 {"cents":250} rev 1 by ann)"});
  CHECK(judge.heard.size() == 2);
}

TEST_CASE("a preview says what a push would be answered, and changes nothing") {
  Server server;
  server.push("ann", {create(1, "T1", R"({"n":1})")});
  server.push("ben", {written_at(k_start_ms, seeing(1, update(2, "T1", R"({"n":2})")))});
  const std::vector<protocol::Mutation> batch{create(3, "T2"), update(4, "T2", R"({"a":1})"),
                                              seeing(1, update(5, "T1", R"({"n":5})")), update(6, "T9", "{}")};
  const Lines before = server.column("SELECT payload FROM tether_records ORDER BY entity_id");
  const Lines foreseen = lines(server.preview("cleo", batch));
  CHECK(foreseen == Lines{"3 applied rev 1", "4 applied rev 2", "6 not_found {}",
                          R"(5 conflict {"n":2,"tether_id":"T1"} n rev 2)"});
  CHECK(server.column("SELECT payload FROM tether_records ORDER BY entity_id") == before);
  CHECK(server.column("SELECT count(*) FROM tether_mutations") == Lines{"2"});
  CHECK(lines(server.push("cleo", batch)) == foreseen);
}

TEST_CASE("a preview for a client that knows another epoch decides nothing") {
  Server server;
  const std::string epoch = server.push("ann", {create(1, "T1")}).epoch;
  const protocol::PushRequest request{ClientId{"ann"}, {create(2, "T2")}, {}, "another"};
  Submission submission(request, server.clock.now());
  server.authority.preview(*server.database, server.scope, submission);
  CHECK(lines(submission.reply) == Lines{"2 error {}"});
  CHECK(submission.reply.epoch == epoch);
}

}  // namespace
}  // namespace tether::authority
