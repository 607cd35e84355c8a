// SPDX-License-Identifier: MIT
// `push --dry-run` before a server that tells what it would do.
#include "cmd/dry_run.hpp"

#include <doctest/doctest.h>

#include "cmd/desk.hpp"
#include "protocol/codec.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {

namespace {

using protocol::PushReply;
using protocol::PushRequest;

/// A server that only tells.
struct Stage {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  PuppetScript script;
  std::vector<replica::Call> calls;
  PuppetScript noting = [this](replica::Call call, const std::string& body) {
    calls.push_back(call);
    return script(call, body);
  };
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(noting)};

  void record(const std::string& title) { ann.type({"record", "create", "Task", "title=" + title}); }
  void tell(std::function<PushReply(const PushRequest&)> answer) {
    script = [answer = std::move(answer)](replica::Call, const std::string& body) {
      PushReply reply = answer(protocol::decode_push_request(body, {}));
      reply.preview = true;
      return replica::Reply{protocol::encode(reply)};
    };
  }
};

PushReply all_applied(const PushRequest& request) {
  PushReply reply;
  for (const auto& mutation : request.mutations) reply.applied.push_back(mutation.mutation_id);
  return reply;
}

/// Of four: applied, merged, a conflict, rejected.
PushReply one_of_each(const PushRequest& request) {
  PushReply reply;
  reply.applied = {request.mutations.at(0).mutation_id, request.mutations.at(1).mutation_id};
  reply.merged = {request.mutations.at(1).mutation_id};
  protocol::ConflictReport conflict;
  conflict.mutation_id = request.mutations.at(2).mutation_id;
  conflict.server_state = R"({"tether_id":"x","title":"theirs"})";
  conflict.fields = {"title", "done"};
  reply.conflicts.push_back(conflict);
  reply.rejected.push_back(
      {request.mutations.at(3).mutation_id, "validation_failed", R"({"messages":{"title":["must not be empty"]}})"});
  return reply;
}

}  // namespace

TEST_CASE("a dry push shows what would become of each mutation, and leaves everything as it is") {
  Stage stage;
  for (const char* title : {"a", "b", "c", ""}) stage.record(title);
  stage.tell(one_of_each);
  const std::string status = stage.ann.type({"--json", "status"}).out;
  const Said said = stage.ann.type({"push", "--dry-run"});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("MUTATION "));
  CHECK(said.out.find("  applied\n") != std::string::npos);
  CHECK(said.out.find("  merged\n") != std::string::npos);
  CHECK(said.out.find("  conflict: title, done\n") != std::string::npos);
  CHECK(said.out.find("  rejected: validation_failed: title: must not be empty\n") != std::string::npos);
  CHECK(said.out.ends_with("\nwould push 4 mutations: 1 applied, 1 merged, 1 conflict, 1 rejected\n"));
  CHECK(stage.calls == std::vector{replica::Call::preview});
  const std::string after = stage.ann.type({"--json", "status"}).out;
  CHECK(after.substr(0, after.find("age_ms")) == status.substr(0, status.find("age_ms")));
}

TEST_CASE("as JSON a dry push has every outcome and how many there are of each") {
  Stage stage;
  for (const char* title : {"a", "b", "c", ""}) stage.record(title);
  stage.tell(one_of_each);
  const std::string out = stage.ann.type({"--json", "push", "--dry-run"}).out;
  CHECK(out.starts_with(R"({"dry_run":true,"would_push":4,"outcomes":[{"mutation_id":")"));
  CHECK(out.find(R"("operation":"create","outcome":"applied"},)") != std::string::npos);
  CHECK(out.find(R"("outcome":"conflict","fields":["title","done"],"data":{"server_state":)") != std::string::npos);
  CHECK(out.find(R"("outcome":"rejected","reason":"validation_failed","data":{"messages":)") != std::string::npos);
  CHECK(out.ends_with(R"("counts":{"applied":1,"merged":1,"conflict":1,"rejected":1,"undecided":0,"not_asked":0}})"
                      "\n"));
}

TEST_CASE("who expects a clean push is told by the exit code") {
  Stage stage;
  for (const char* title : {"a", "b", "c", ""}) stage.record(title);
  stage.tell(one_of_each);
  CHECK(stage.ann.type({"push", "--dry-run", "--expect-clean"}).status == 3);
  stage.tell([](const PushRequest& request) {
    PushReply reply = all_applied(request);
    reply.merged = reply.applied;
    return reply;
  });
  CHECK(stage.ann.type({"push", "--dry-run", "--expect-clean"}).status == 0);
  const Said cut = stage.ann.type({"push", "--dry-run", "--expect-clean", "--batch", "3"});
  CHECK(cut.status == 3);
  CHECK(cut.out.ends_with("\nwould push 4 mutations: 3 merged, 1 not asked\n"));
  CHECK(cut.err.find("what does not fit was not asked") != std::string::npos);
}

TEST_CASE("what would be lost in a merge is named, and is not clean") {
  Stage stage;
  stage.record("a");
  stage.tell([](const PushRequest& request) {
    PushReply reply = all_applied(request);
    reply.merged = reply.applied;
    reply.lost = {{.mutation_id = reply.applied.at(0), .fields = {"title"}, .sent = R"({"title":"a"})"}};
    return reply;
  });
  const Said said = stage.ann.type({"push", "--dry-run", "--expect-clean"});
  CHECK(said.status == 3);
  CHECK(said.out.find("  merged; lost: title\n") != std::string::npos);
  CHECK(stage.ann.type({"--json", "push", "--dry-run"})
            .out.find(R"("outcome":"merged","lost":{"fields":["title"],"sent":{"title":"a"},"stands":{}}})") !=
        std::string::npos);
}

TEST_CASE("what the server would put off is undecided, not rejected, and is not clean") {
  Stage stage;
  stage.record("a");
  stage.tell([](const PushRequest& request) {
    PushReply reply;
    reply.rejected.push_back({request.mutations.at(0).mutation_id, "error", "{}"});
    return reply;
  });
  const Said said = stage.ann.type({"push", "--dry-run", "--expect-clean"});
  CHECK(said.status == 3);
  CHECK(said.out.find("  undecided: error\n") != std::string::npos);
  CHECK(said.out.ends_with("\nwould push 1 mutation: 1 undecided\n"));
  CHECK(said.err == "The server could not decide some just now; a push would send them again later.\n");
}

TEST_CASE("with nothing pending the server is not asked, and all is clean") {
  Stage stage;
  const Said said = stage.ann.type({"push", "--dry-run", "--expect-clean"});
  CHECK(said.status == 0);
  CHECK(said.out == "would push 0 mutations\n");
  CHECK(stage.calls.empty());
}

TEST_CASE("a server that cannot tell, or cannot be reached, is said; a list can be had without it") {
  Stage stage;
  stage.record("a");
  stage.script = [](replica::Call, const std::string&) -> replica::Answer {
    throw replica::NoPreview("http://127.0.0.1:1/tether/preview");
  };
  const Said old = stage.ann.type({"push", "--dry-run"});
  CHECK(old.status == 1);
  CHECK(old.err.starts_with("tether: http://127.0.0.1:1/tether/preview cannot tell what a push would do\n"));
  CHECK(old.err.find("--offline") != std::string::npos);
  stage.script = [](replica::Call, const std::string&) { return replica::Unreachable{.reason = "away"}; };
  CHECK(stage.ann.type({"push", "--dry-run"}).status == 4);
  stage.script = [](replica::Call, const std::string&) { return replica::Forbidden{"no"}; };
  CHECK(stage.ann.type({"push", "--dry-run"}).status == 5);
  CHECK(stage.ann.type({"push", "--dry-run", "--offline"}).out.starts_with("would push 1 mutation\n"));
}

TEST_CASE("what goes with a dry run goes with nothing else") {
  Stage stage;
  CHECK(stage.ann.type({"push", "--offline"}).status == 2);
  CHECK(stage.ann.type({"sync", "--expect-clean"}).status == 2);
  CHECK(stage.ann.type({"push", "--dry-run", "--offline", "--expect-clean"}).status == 2);
  CHECK(stage.ann.type({"pull", "--dry-run", "--offline"}).status == 2);
  CHECK(stage.calls.empty());
}

}  // namespace tether::cmd
