// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <utility>

#include "cmd/desk.hpp"
#include "cmd/server_checks.hpp"
#include "sql/sqlite.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {

namespace {

struct Practice {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  PuppetScript script = [](replica::Call, const std::string&) {
    return replica::Unreachable{.reason = "no route to host"};
  };
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(script)};

  void answer_info(std::int64_t protocol, std::int64_t server_time_us) {
    const std::string info = R"({"name":"tether-service","version":"0.1.0","protocol":)" + std::to_string(protocol) +
                             R"(,"extensions":[],"server_time":)" + std::to_string(server_time_us) + "}";
    script = [info](replica::Call, const std::string&) { return replica::Reply{info}; };
  }
  bool says(const std::string& text) { return ann.type({"doctor"}).out.find(text) != std::string::npos; }
};

}  // namespace

TEST_CASE("offline a doctor still looks at everything that is here") {
  Practice practice;
  const Said said = practice.ann.type({"doctor"});
  CHECK(said.status == 0);
  for (const char* line : {"ok       integrity", "ok       schema", "ok       records", "ok       queue",
                           "ok       lock", "warning  server     no route to host"}) {
    CHECK(said.out.find(line) != std::string::npos);
  }
}

TEST_CASE("a good server is named, with its protocol, its clock and our token") {
  Practice practice;
  practice.answer_info(1, 1'763'757'000'000'000);
  const Said said = practice.ann.type({"doctor"});
  CHECK(said.status == 0);
  for (const char* line :
       {"ok       server     tether-service 0.1.0 at http://127.0.0.1:1\n", "ok       protocol   version 1\n",
        "ok       clock ", "ok       auth       this client may push and pull, without a token\n"}) {
    CHECK(said.out.find(line) != std::string::npos);
  }
}

TEST_CASE("a server of another protocol needs a person") {
  Practice practice;
  practice.answer_info(2, 1'763'757'000'000'000);
  CHECK(practice.ann.type({"doctor"}).status == 3);
  CHECK(practice.says("failed   protocol   the server speaks version 2"));
}

TEST_CASE("a clock is wrong when it is more than a minute off") {
  using namespace std::chrono_literals;
  CHECK(clock_check(0ms).result == replica::CheckResult::ok);
  CHECK(clock_check(60s).result == replica::CheckResult::ok);
  CHECK(clock_check(-60s).result == replica::CheckResult::ok);
  CHECK(clock_check(60'001ms).result == replica::CheckResult::warning);
  CHECK(clock_check(2h).detail ==
        "this machine is 2h behind the server: set its clock, for conflicts are decided by time");
  CHECK(clock_check(-2h).detail ==
        "this machine is 2h ahead of the server: set its clock, for conflicts are decided by time");
}

TEST_CASE("a refused token needs a person") {
  Practice practice;
  practice.script = [](replica::Call, const std::string&) { return replica::Forbidden{"unknown token"}; };
  CHECK(practice.ann.type({"doctor"}).status == 3);
  CHECK(practice.says("failed   auth       unknown token"));
}

TEST_CASE("a client that may not push, or not pull, needs a person") {
  Practice practice;
  practice.answer_info(1, 1'763'757'000'000'000);
  const PuppetScript all_is_well = practice.script;
  for (const auto& [denied, word] : {std::pair{replica::Call::push, "push"}, {replica::Call::pull, "pull"}}) {
    practice.script = [&, denied](replica::Call call, const std::string& body) -> replica::Answer {
      if (call == denied) return replica::Forbidden{"this client was shut out"};
      return all_is_well(call, body);
    };
    CHECK(practice.ann.type({"doctor"}).status == 3);
    CHECK(practice.says(std::string("failed   auth       this client may not ") + word +
                        ": this client was shut out; who runs the server can let this client in again\n"));
  }
}

TEST_CASE("a doctor asks as this client, and pushes nothing") {
  Practice practice;
  practice.answer_info(1, 1'763'757'000'000'000);
  const PuppetScript all_is_well = practice.script;
  std::string pushed;
  practice.script = [&](replica::Call call, const std::string& body) {
    if (call == replica::Call::push) pushed = body;
    return all_is_well(call, body);
  };
  practice.ann.type({"record", "create", "Task", "title=Pump"});
  practice.ann.type({"doctor"});
  CHECK(pushed.find(R"("mutations":[])") != std::string::npos);
  CHECK(pushed.find(R"("client_id":"01)") != std::string::npos);
}

TEST_CASE("a server that says nothing of itself is known by how it answers a pull") {
  Practice practice;
  practice.script = [](replica::Call call, const std::string&) -> replica::Answer {
    if (call == replica::Call::info) throw Error(ErrorCode::unexpected_reply, "404 Not Found");
    return replica::Reply{R"({"snapshots":[],"new_sync_cursor":null,"has_more":false})"};
  };
  CHECK(practice.ann.type({"doctor"}).status == 0);
  CHECK(practice.says("and says nothing about itself"));
}

TEST_CASE("what is no Tether server at all needs a person") {
  Practice practice;
  practice.script = [](replica::Call, const std::string&) -> replica::Answer {
    throw Error(ErrorCode::unexpected_reply, "the server answered HTML");
  };
  CHECK(practice.ann.type({"doctor"}).status == 3);
  CHECK(practice.says("failed   server     the server answered HTML"));
}

TEST_CASE("no server is a warning, and so is another tether at work") {
  Practice practice;
  practice.ann.server = "";
  CHECK(practice.says("warning  server     none is set"));
  const replica::SyncLock other(practice.ann.path());
  const Said said = practice.ann.type({"doctor"});
  CHECK(said.status == 0);
  CHECK(said.out.find("warning  lock       another tether is syncing this file right now\n") != std::string::npos);
}

TEST_CASE("a token file that cannot be read is a finding, not the end") {
  Practice practice;
  const Said said = practice.ann.type({"doctor", "--token-file", "/nowhere/at/all"});
  CHECK(said.status == 3);
  CHECK(said.out.find("ok       integrity") != std::string::npos);
  CHECK(said.out.find("failed   server     cannot read the token file /nowhere/at/all") != std::string::npos);
}

TEST_CASE("a missing trigger is found, and made again on request") {
  Practice practice;
  sql::open_sqlite({.path = practice.ann.path()})->execute("DROP TRIGGER tether_mutation_logs_immutable");
  CHECK(practice.ann.type({"doctor"}).status == 3);
  const Said mended = practice.ann.type({"--json", "doctor", "--fix"});
  CHECK(mended.status == 0);
  CHECK(mended.out.find(R"({"name":"schema","result":"ok","detail":"made again: )") != std::string::npos);
  CHECK(mended.out.find(R"("fixed":true})") != std::string::npos);
  CHECK(practice.ann.type({"doctor"}).status == 0);
}

TEST_CASE("nothing is mended beneath another tether that is syncing") {
  Practice practice;
  sql::open_sqlite({.path = practice.ann.path()})->execute("DROP TRIGGER tether_mutation_logs_immutable");
  const replica::SyncLock other(practice.ann.path());
  const Said said = practice.ann.type({"doctor", "--fix"});
  CHECK(said.status == 3);
  CHECK(said.out.find("nothing was fixed") != std::string::npos);
}

}  // namespace tether::cmd
