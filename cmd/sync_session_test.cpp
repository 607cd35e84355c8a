// SPDX-License-Identifier: MIT
// Two people at two terminals and a server in one process: what push, pull and sync say and end with.
#include <doctest/doctest.h>

#include <csignal>

#include "cmd/desk.hpp"
#include "testing/world.hpp"

namespace tether::cmd {

namespace {

struct Office {
  testing::World world{7};
  testing::TemporaryDirectory folder;
  TransportFactory wire = [this](const net::HttpOptions&) {
    return std::make_unique<testing::FakeTransport>(world.wire());
  };
  Desk ann{folder.file("ann.db"), world.clock(), world.random(), wire};
  Desk ben{folder.file("ben.db"), world.clock(), world.random(), wire};

  std::string create(Desk& desk, const std::string& title) {
    return value_behind(desk.type({"--json", "record", "create", "Task", "title=" + title}).out, R"("id":")");
  }
};

struct Stage {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  PuppetScript script;
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(script)};

  /// Each answer refuses the one mutation that was sent.
  void refuse_with(const std::string& reason, const std::string& data) {
    script = [reason, data](replica::Call, const std::string& request) {
      const std::string id = value_behind(request, R"("mutation_id":")");
      return replica::Reply{R"({"applied":[],"conflicts":[],"rejected":[{"mutation_id":")" + id + R"(","reason":")" +
                            reason + R"(","data":)" + data + "}]}"};
    };
  }
};

}  // namespace

TEST_CASE("what one person records another one pulls") {
  Office office;
  const std::string id = office.create(office.ann, "Pump");
  Said said = office.ann.type({"sync"});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("pushed 1, pulled "));
  said = office.ben.type({"pull"});
  CHECK(said.status == 0);
  CHECK(said.out == "pulled 1\n");
  CHECK(said.err == "");
  CHECK(office.ben.type({"list", "Task"}).out.find("Pump") != std::string::npos);
}

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

TEST_CASE("with nothing pending a push asks nothing of the server") {
  Office office;
  const Said said = office.ann.type({"push"});
  CHECK(said.status == 0);
  CHECK(said.out == "pushed 0\n");
  CHECK(office.world.wire().requests() == 0);
}

TEST_CASE("quiet says nothing where all is well") {
  Office office;
  office.create(office.ann, "Pump");
  const Said said = office.ann.type({"-q", "sync"});
  CHECK(said.status == 0);
  CHECK(said.out + said.err == "");
}

TEST_CASE("a sync that cannot push does not try to pull, and loses nothing") {
  Office office;
  office.create(office.ann, "Pump");
  office.world.wire().cut();
  Said said = office.ann.type({"sync"});
  CHECK(said.status == 4);
  CHECK(said.out == "");
  CHECK(said.err == "tether: the wire is cut\n  Nothing is lost; run it again when the server can be reached.\n");
  CHECK(office.world.wire().requests() == 1);
  office.world.wire().mend();
  said = office.ann.type({"sync"});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("pushed 1, "));
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

TEST_CASE("why a server once could not be reached is forgotten when it is") {
  Office office;
  office.world.wire().cut();
  office.ann.type({"pull"});
  office.create(office.ann, "Pump");
  CHECK(office.ann.type({"--json", "status"}).out.find(R"("reason":"server unreachable: the wire is cut")") !=
        std::string::npos);
  office.world.wire().mend();
  office.ann.type({"pull"});
  CHECK(office.ann.type({"--json", "status"}).out.find(R"("reason":"not pushed yet")") != std::string::npos);
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

TEST_CASE("a second tether on one file skips") {
  Office office;
  office.create(office.ann, "Pump");
  const replica::SyncLock other(office.ann.path());
  Said said = office.ann.type({"sync"});
  CHECK(said.status == 6);
  CHECK(said.out == "");
  CHECK(said.err == "skipped: another tether is syncing this file\n");
  said = office.ann.type({"--json", "sync"});
  CHECK(said.status == 6);
  CHECK(said.out.find(R"("skipped":true)") != std::string::npos);
  CHECK(office.world.wire().requests() == 0);
}

TEST_CASE("without a server it is wrong usage, also with nothing to send") {
  Office office;
  office.ann.server = "";
  for (const char* command : {"push", "pull", "sync"}) {
    const Said said = office.ann.type({command});
    CHECK(said.status == 2);
    CHECK(said.err.find("no server is set") != std::string::npos);
  }
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
  stage.script = [](replica::Call, const std::string& request) {
    const std::string mutation = value_behind(request, R"("mutation_id":")");
    return replica::Reply{R"({"applied":[")" + mutation + R"("],"merged":[")" + mutation + R"("],"lost":{")" +
                          mutation + R"(":{"fields":["hours"],"sent":{"hours":3},"stands":{"hours":4}}}})"};
  };
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
  stage.script = [](replica::Call, const std::string& request) {
    const std::string mutation = value_behind(request, R"("mutation_id":")");
    return replica::Reply{R"({"applied":[")" + mutation + R"("],"lost":{")" + mutation +
                          R"(":{"fields":["hours"],"sent":{"hours":3}}}})"};
  };
  const std::string out = stage.ann.type({"--json", "push"}).out;
  CHECK(out.find(R"("model":"Task","id":")" + id +
                 R"(","lost":{"fields":["hours"],"sent":{"hours":3},"stands":{}}}])") != std::string::npos);
}

TEST_CASE("a mutation that the server could not decide waits for another push") {
  Stage stage;
  stage.ann.type({"record", "create", "Task", "title=Pump"});
  stage.refuse_with("error", "{}");
  const Said said = stage.ann.type({"push"});
  CHECK(said.status == 4);
  CHECK(said.out == "pushed 0, 1 to be sent again\n");
}

TEST_CASE("a refused token stops and keeps everything") {
  Stage stage;
  stage.ann.type({"record", "create", "Task", "title=Pump"});
  stage.script = [](replica::Call, const std::string&) {
    return replica::Forbidden{"the server does not know this token"};
  };
  const Said said = stage.ann.type({"sync"});
  CHECK(said.status == 5);
  CHECK(said.err.starts_with("tether: the server does not know this token\n"));
  CHECK(stage.ann.type({"push", "--dry-run", "--offline"}).out.starts_with("would push 1 mutation\n"));
}

TEST_CASE("an answer that is no answer is a fault that loses nothing") {
  Stage stage;
  stage.ann.type({"record", "create", "Task", "title=Pump"});
  stage.script = [](replica::Call, const std::string&) { return replica::Reply{"{}"}; };
  CHECK(stage.ann.type({"push"}).status == 1);
  CHECK(stage.ann.type({"push", "--dry-run", "--offline"}).out.starts_with("would push 1 mutation\n"));
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

TEST_CASE("a record that is refused for its size is named at the end, and all else was synced") {
  Stage stage;
  const Said recorded = stage.ann.type({"--json", "record", "create", "Task", "title=" + std::string(5'000, 'x')});
  stage.ann.type({"record", "create", "Task", "title=Pump"});
  stage.script = [](replica::Call call, const std::string& request) {
    if (request.size() > 2'000) throw Error(ErrorCode::too_large, "http://proxy/tether/push answered 413");
    if (call == replica::Call::pull) return replica::Reply{R"({"snapshots":[],"new_sync_cursor":5,"has_more":false})"};
    return replica::Reply{R"({"applied":[")" + value_behind(request, R"("mutation_id":")") + R"("]})"};
  };
  const Said said = stage.ann.type({"sync"});
  CHECK(said.status == 1);
  CHECK(said.out == "pushed 1, pulled 0\n");
  CHECK(said.err.find("mutation " + value_behind(recorded.out, R"("mutation_id":")") + " of Task ") !=
        std::string::npos);
  CHECK(said.err.find("http://proxy/tether/push answered 413\n  It stays pending") != std::string::npos);
  CHECK(stage.ann.type({"--json", "status"}).out.find(R"("pending":1)") != std::string::npos);
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

TEST_CASE("a certificate that is not trusted heals by no second try, and the hint says what does") {
  Stage stage;
  stage.script = [](replica::Call, const std::string&) {
    return replica::Unreachable{.reason = "the certificate of https://sync.example.org is not trusted: expired",
                                .worth_retrying = false};
  };
  const Said said = stage.ann.type({"pull"});
  CHECK(said.status == 4);
  CHECK(said.err.find("--ca-file FILE") != std::string::npos);
  CHECK(said.err.find("clock") != std::string::npos);
  CHECK(said.err.find("run it again when the server can be reached") == std::string::npos);
}

TEST_CASE("an offline dry run lists what is pending and does nothing") {
  Office office;
  office.create(office.ben, "Valve");
  office.ben.type({"push"});
  for (int i = 0; i < 12; ++i) office.create(office.ann, "Pump");
  const Said push = office.ann.type({"push", "--dry-run", "--offline"});
  CHECK(push.status == 0);
  CHECK(push.out.starts_with("would push 12 mutations\n"));
  CHECK(push.out.ends_with("… and 2 more\n"));
  CHECK(office.world.wire().requests() == 1);
  CHECK(office.ann.type({"pull", "--dry-run"}).out == "would pull 1 change\n");
  const Said both = office.ann.type({"--json", "sync", "--dry-run", "--offline"});
  CHECK(both.out.starts_with(R"({"dry_run":true,"would_push":12,"first":[{"mutation_id":")"));
  CHECK(both.out.ends_with(R"("would_pull":1,"has_more":false,"reset":false})"
                           "\n"));
  CHECK(office.ann.type({"pull"}).out == "pulled 1\n");
}

TEST_CASE("a dry push needs no server, a dry pull does") {
  Office office;
  office.ann.server = "";
  CHECK(office.ann.type({"push", "--dry-run"}).out == "would push 0 mutations\n");
  CHECK(office.ann.type({"push", "--dry-run", "--expect-clean"}).status == 2);
  CHECK(office.ann.type({"pull", "--dry-run"}).status == 2);
  office.ann.server = "http://127.0.0.1:1";
  office.world.wire().cut();
  CHECK(office.ann.type({"pull", "--dry-run"}).status == 4);
}

TEST_CASE("batches of one are sent one by one, and a batch that no server takes is wrong usage") {
  Office office;
  for (int i = 0; i < 3; ++i) office.create(office.ann, "Pump");
  CHECK(office.ann.type({"push", "--batch", "50001"}).status == 2);
  CHECK(office.ann.type({"push", "--batch", "0"}).status == 2);
  CHECK(office.world.wire().requests() == 0);
  CHECK(office.ann.type({"push", "--batch", "1"}).out == "pushed 3\n");
  CHECK(office.world.wire().requests() == 3);
}

}  // namespace tether::cmd
