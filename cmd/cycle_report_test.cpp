// SPDX-License-Identifier: MIT
// What push, pull and sync say about what they did, for people and as JSON.
#include <doctest/doctest.h>

#include <csignal>

#include "cmd/office_fixture.hpp"

namespace tether::cmd {

TEST_CASE("the report as JSON has every field, whatever happened") {
  Office office;
  office.create(office.ann, "Pump");
  const Said said = office.ann.type({"--json", "push"});
  const std::string duration = said.out.substr(said.out.find(R"("duration_ms":)"));
  CHECK(said.out ==
        R"({"pushed":1,"failed":0,"conflicts":0,"pulled":0,"rejections":[],"conflicts_found":[],"losses":[],)"
        R"("skipped":false,)" +
            duration);
  CHECK(said.err == "");
}

TEST_CASE("what was done before the server was gone is told, and nothing of what was not tried") {
  Stage stage;
  for (int i = 0; i < 2; ++i) stage.ann.type({"record", "create", "Task", "title=Pump"});
  int requests = 0;
  stage.script = [&](replica::Call, const std::string& request) -> replica::Answer {
    if (++requests == 2) return replica::Unreachable{.reason = "gone", .worth_retrying = false};
    return replica::Reply{R"({"applied":[")" + value_behind(request, R"("mutation_id":")") + R"("]})"};
  };
  const Said said = stage.ann.type({"sync", "--batch", "1"});
  CHECK(said.status == 4);
  CHECK(said.out == "pushed 1\n");
}

TEST_CASE("unreachable as JSON is a report on stdout and an error on stderr") {
  Office office;
  office.create(office.ann, "Pump");
  office.world.wire().cut();
  const Said said = office.ann.type({"--json", "push"});
  CHECK(
      said.out.starts_with(R"({"pushed":0,"failed":0,"conflicts":0,"pulled":0,"rejections":[],"conflicts_found":[],)"));
  CHECK(said.err == R"({"error":{"code":"unreachable","message":"the wire is cut",)"
                    R"("hint":"Nothing is lost; run it again when the server can be reached.","exit_code":4}})"
                    "\n");
}

TEST_CASE("an edit that lost is a conflict, and needs a person") {
  Office office;
  const std::string id = office.create(office.ann, "Pump");
  office.ann.type({"push"});
  office.ben.type({"pull"});
  office.ann.type({"record", "update", "Task", id, "title=Pump A"});
  office.ben.type({"record", "update", "Task", id, "title=Pump B"});
  office.ben.type({"push"});
  const Said said = office.ann.type({"sync"});
  CHECK(said.status == 3);
  CHECK(said.out.starts_with("conflict "));
  CHECK(said.out.find(" update Task " + id + ": title\npushed 0, 1 conflict, pulled ") != std::string::npos);
  CHECK(said.err.find("`tether conflicts` shows them") != std::string::npos);
}

TEST_CASE("a conflict as JSON is listed with its record and its fields") {
  Stage stage;
  const std::string id =
      value_behind(stage.ann.type({"--json", "record", "create", "Task", "title=a"}).out, R"("id":")");
  stage.script = [](replica::Call, const std::string& request) {
    return replica::Reply{R"({"conflicts":[{"mutation_id":")" + value_behind(request, R"("mutation_id":")") +
                          R"(","data":{"server_state":{"title":"b"},"fields":["title"]}}]})"};
  };
  const std::string out = stage.ann.type({"--json", "push"}).out;
  CHECK(out.find(R"("model":"Task","id":")" + id + R"(","fields":["title"],"theirs_deleted":false}])") !=
        std::string::npos);
}

TEST_CASE("a rejection is named with its record and its reason") {
  Stage stage;
  const Said recorded = stage.ann.type({"--json", "record", "create", "Task", "title="});
  const std::string mutation_id = value_behind(recorded.out, R"("mutation_id":")");
  const std::string id = value_behind(recorded.out, R"("id":")");
  stage.refuse_with("validation_failed", R"({"messages":{"title":["must not be empty"]}})");
  const Said said = stage.ann.type({"push"});
  CHECK(said.status == 3);
  CHECK(said.out == "rejected " + mutation_id + " create Task " + id +
                        ": validation_failed: title: must not be empty\npushed 0, 1 rejected\n");
  CHECK(said.err.find("tether retry") != std::string::npos);
}

TEST_CASE("a rejection as JSON carries the server's data") {
  Stage stage;
  const Said recorded = stage.ann.type({"--json", "record", "create", "Task", "title="});
  stage.refuse_with("unknown_model", R"({"known":["Pump"]})");
  const Said said = stage.ann.type({"--json", "push"});
  CHECK(said.status == 3);
  CHECK(said.out.find(R"("failed":1,"conflicts":0,"pulled":0,"rejections":[{"mutation_id":")" +
                      value_behind(recorded.out, R"("mutation_id":")") +
                      R"(","reason":"unknown_model","data":{"known":["Pump"]}}])") != std::string::npos);
  CHECK(said.err == "");
}

TEST_CASE("what a merge lost is named with its record and its fields, and stands in the log") {
  Stage stage;
  const std::string id =
      value_behind(stage.ann.type({"--json", "record", "create", "Task", "hours:=3"}).out, R"("id":")");
  stage.merge_losing(R"({"fields":["hours"],"sent":{"hours":3},"stands":{"hours":4}})");
  const Said said = stage.ann.type({"-q", "push"});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("merged "));
  CHECK(said.out.ends_with(" create Task " + id + ": lost: hours\n"));
  CHECK(stage.ann.type({"log"}).out.find("  synced; lost: hours  ") != std::string::npos);
  CHECK(stage.ann.type({"show", "Task", id}).out.find("  synced; lost: hours  ") != std::string::npos);
  CHECK(stage.ann.type({"--json", "log"})
            .out.find(R"("lost":{"fields":["hours"],"sent":{"hours":3},"stands":{"hours":4}})") != std::string::npos);
}

TEST_CASE("losses as JSON have the record and the values") {
  Stage stage;
  const std::string id =
      value_behind(stage.ann.type({"--json", "record", "create", "Task", "hours:=3"}).out, R"("id":")");
  stage.merge_losing(R"({"fields":["hours"],"sent":{"hours":3}})");
  const std::string out = stage.ann.type({"--json", "push"}).out;
  CHECK(out.find(R"("model":"Task","id":")" + id +
                 R"(","lost":{"fields":["hours"],"sent":{"hours":3},"stands":{}}}])") != std::string::npos);
}

/// Of version 1 of `id`: ben's title.
std::string page_telling(const std::string& id) {
  return R"({"snapshots":[],"new_sync_cursor":20,"has_more":false,"overwritten":[{"mutation_id":)"
         R"("01KAM4Z6P2VM3N929H3W21AJKC","entity_id":")" +
         id +
         R"(","model":"Task","version":1,"fields":["title"],"lost":{"title":"pump"},"server_written_by":"ben",)"
         R"("server_updated_at":"2026-11-21T20:49:00.123456Z"}]})";
}

TEST_CASE("what others overwrote is said by the pull that brings it, and stands in the log and beside the record") {
  Stage stage;
  const std::string id =
      value_behind(stage.ann.type({"--json", "record", "create", "Task", "title=pump"}).out, R"("id":")");
  stage.script = [&](replica::Call call, const std::string& request) {
    if (call == replica::Call::pull) return replica::Reply{page_telling(id)};
    return replica::Reply{R"({"applied":[")" + value_behind(request, R"("mutation_id":")") + R"("]})"};
  };
  const std::string what = "overwritten by ben at 2026-11-21T20:49:00.123Z: title";
  const Said said = stage.ann.type({"sync"});
  CHECK(said.status == 0);
  CHECK(said.out == "Task " + id + " version 1: " + what + "\npushed 1, pulled 0, 1 overwritten by others\n");
  CHECK(said.err.find("`tether log` shows it") != std::string::npos);
  CHECK(stage.ann.type({"sync"}).out == "pushed 0, pulled 0\n");
  for (const auto& words : {std::vector<std::string>{"log"}, {"log", "--diff"}, {"show", "Task", id}}) {
    CHECK(stage.ann.type(words).out.find("synced; " + what) != std::string::npos);
  }
  const std::string json = R"("overwritten":[{"mutation_id":"01KAM4Z6P2VM3N929H3W21AJKC","entity_id":")" + id +
                           R"(","model":"Task","version":1,"fields":["title"],"lost":{"title":"pump"},)"
                           R"("server_updated_at":"2026-11-21T20:49:00.123456Z","server_written_by":"ben"}])";
  for (const auto& words : {std::vector<std::string>{"--json", "log"}, {"--json", "show", "Task", id}}) {
    CHECK(stage.ann.type(words).out.find(json) != std::string::npos);
  }
}

TEST_CASE("what others overwrote is in the JSON of the pull, and found where the mutation was forgotten") {
  Stage stage;
  const std::string id(26, '0');
  stage.script = [&](replica::Call, const std::string&) { return replica::Reply{page_telling(id)}; };
  CHECK(stage.ann.type({"--json", "pull"}).out.find(R"("losses":[],"overwritten":[{"mutation_id":)") !=
        std::string::npos);
  CHECK(stage.ann.type({"log"}).out.find("(forgotten by compact)") != std::string::npos);
  CHECK(stage.ann.type({"log", "--reverse"}).out.find("(forgotten by compact)") != std::string::npos);
  CHECK(stage.ann.type({"log", "-n", "5"}).err == "no such mutations\n");
  CHECK(stage.ann.type({"--json", "log"}).out.starts_with(R"({"id":null,"mutation_id":null,"entity_id":")" + id));
}

TEST_CASE("a mutation that the server could not decide waits for another push") {
  Stage stage;
  stage.ann.type({"record", "create", "Task", "title=Pump"});
  stage.refuse_with("error", "{}");
  const Said said = stage.ann.type({"push"});
  CHECK(said.status == 4);
  CHECK(said.out == "pushed 0, 1 to be sent again\n");
}

TEST_CASE("what was rejected before a fault is still named, and what was pushed counted") {
  for (const bool json : {false, true}) {
    Stage stage;
    for (int i = 0; i < 2; ++i) stage.ann.type({"record", "create", "Task", "title="});
    stage.refuse_with("validation_failed", "{}");
    int requests = 0;
    const PuppetScript refuse = stage.script;
    stage.script = [&](replica::Call call, const std::string& request) {
      return ++requests == 1 ? refuse(call, request) : replica::Reply{"<html>"};
    };
    const Said said =
        json ? stage.ann.type({"--json", "push", "--batch", "1"}) : stage.ann.type({"push", "--batch", "1"});
    CHECK(said.status == 1);
    if (json) {
      CHECK(said.out.starts_with(R"({"pushed":0,"failed":1,"conflicts":0,"pulled":0,"rejections":[{"mutation_id":")"));
      CHECK(said.err.starts_with(R"({"error":{"code":"unexpected_reply",)"));
    } else {
      CHECK(said.out.starts_with("rejected "));
      CHECK(said.out.ends_with(": validation_failed\npushed 0, 1 rejected\n"));
    }
  }
}

TEST_CASE("interrupted, a push says what it had pushed") {
  Stage stage;
  for (int i = 0; i < 3; ++i) stage.ann.type({"record", "create", "Task", "title=Pump"});
  int requests = 0;
  stage.script = [&](replica::Call, const std::string& request) -> replica::Answer {
    const std::string id = value_behind(request, R"("mutation_id":")");
    if (++requests == 2) std::raise(SIGINT);
    if (requests == 2) return replica::Unreachable{.reason = "given up"};
    return replica::Reply{R"({"applied":[")" + id + R"("],"conflicts":[],"rejected":[]})"};
  };
  const Said said = stage.ann.type({"--json", "push", "--batch", "1"});
  CHECK(said.status == 130);
  CHECK(said.out.starts_with(R"({"pushed":1,"failed":0,)"));
  CHECK(said.err.starts_with(R"({"error":{"code":"interrupted",)"));
  CHECK(stage.ann.type({"push", "--batch", "1"}).out == "pushed 2\n");
}

TEST_CASE("what was pulled before a fault is counted") {
  Stage stage;
  int requests = 0;
  stage.script = [&](replica::Call, const std::string&) {
    return ++requests == 1
               ? replica::
                     Reply{R"({"snapshots":[{"model":"Task","entity_id":"a","operation":"upsert","payload":{},"rev":1}],)"
                           R"("new_sync_cursor":5,"has_more":true})"}
               : replica::Reply{"<html>"};
  };
  const Said said = stage.ann.type({"pull"});
  CHECK(said.status == 1);
  CAPTURE(said.err);
  CHECK(said.out == "pulled 1\n");
}

}  // namespace tether::cmd
