// SPDX-License-Identifier: MIT
// Two people at two terminals and a server in one process: what push, pull and sync do and end with.
#include <doctest/doctest.h>

#include "cmd/office_fixture.hpp"

namespace tether::cmd {

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

TEST_CASE("where everything is refused for its size, the mutation is named and not only the pull") {
  Stage stage;
  const Said recorded = stage.ann.type({"--json", "record", "create", "Task", "title=Pump"});
  stage.script = [](replica::Call, const std::string&) -> replica::Answer {
    throw Error(ErrorCode::too_large, "http://proxy answered 413");
  };
  const Said said = stage.ann.type({"sync"});
  CHECK(said.status == 1);
  CHECK(said.err.find("mutation " + value_behind(recorded.out, R"("mutation_id":")") + " of Task ") !=
        std::string::npos);
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
