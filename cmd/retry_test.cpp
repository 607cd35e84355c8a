// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "cmd/desk.hpp"
#include "sql/sqlite.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {

namespace {

/// Ann's mutations are refused by a server that gives a reason.
struct Refusal {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  std::string reason = "validation_failed";
  PuppetScript script = [this](replica::Call, const std::string& request) {
    return replica::Reply{R"({"applied":[],"conflicts":[],"rejected":[{"mutation_id":")" +
                          value_behind(request, R"("mutation_id":")") + R"(","reason":")" + reason +
                          R"(","data":{}}]})"};
  };
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(script)};

  std::string failed(const std::string& title) {
    const Said said = ann.type({"--json", "record", "create", "Task", "title=" + title});
    ann.type({"push"});
    return value_behind(said.out, R"("mutation_id":")");
  }
};

}  // namespace

TEST_CASE("a rejected mutation is recorded anew under an id of its own") {
  Refusal refusal;
  const std::string id = refusal.failed("Pump");
  const Said said = refusal.ann.type({"--json", "retry", id});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with(R"({"mutation_ids":[")"));
  CHECK(said.out.ends_with("\"],\"refusals\":[],\"queued\":1,\"refused\":0}\n"));
  CHECK(said.out.find(id) == std::string::npos);
  CHECK(refusal.ann.type({"push", "--dry-run", "--offline"}).out.starts_with("would push 1 mutation\n"));
}

TEST_CASE("all failed mutations go back at once, and a second time there are none") {
  Refusal refusal;
  refusal.failed("Pump");
  refusal.failed("Valve");
  Said said = refusal.ann.type({"retry", "--all"});
  CHECK(said.status == 0);
  CHECK(std::count(said.out.begin(), said.out.end(), '\n') == 2);
  CHECK(said.err == "2 mutations back in the queue, for the next `tether push`\n");
  said = refusal.ann.type({"retry", "--all"});
  CHECK(said.status == 0);
  CHECK(said.out == "");
  CHECK(said.err == "nothing to send again\n");
}

TEST_CASE("a record that no server would take stays failed, is named, and holds up no other") {
  Refusal refusal;
  refusal.failed("Pump");
  const std::string large = refusal.failed("Valve");
  refusal.failed("Tank");
  // As if it had been recorded when no size was too large.
  sql::open_sqlite({.path = refusal.ann.path()})
      ->execute_script(
          "DROP TRIGGER tether_mutation_logs_immutable; "
          "UPDATE tether_mutation_logs SET payload = '{\"t\":\"' || hex(zeroblob(600000)) || '\"}' WHERE mutation_id = "
          "'" +
          large +
          "'; UPDATE tether_records SET payload = (SELECT payload FROM tether_mutation_logs AS log WHERE "
          "log.entity_id = tether_records.entity_id)");
  Said said;
  SUBCASE("for people") {
    said = refusal.ann.type({"retry", "--all"});
    CHECK(std::count(said.out.begin(), said.out.end(), '\n') == 2);
    CHECK(said.err.starts_with("tether: warning: mutation " + large + " of Task "));
    CHECK(said.err.find(
              " stays failed: the record would be 1200008 bytes of JSON, and the limit is 1048576\n  Shorten") !=
          std::string::npos);
    CHECK(said.err.ends_with("2 mutations back in the queue, for the next `tether push`; 1 mutation could not be\n"));
  }
  SUBCASE("as JSON") {
    said = refusal.ann.type({"--json", "retry", "--all"});
    CHECK(value_behind(said.out, R"("refusals":[{"mutation_id":")") == large);
    CHECK(said.out.ends_with("\"queued\":2,\"refused\":1}\n"));
  }
  CHECK(said.status == 3);
  CHECK(refusal.ann.type({"push", "--dry-run", "--offline"}).out.starts_with("would push 2 mutations\n"));
  CHECK(refusal.ann.type({"log", "--status", "failed"}).out.find(large) != std::string::npos);
}

TEST_CASE("what is dismissed is given up, and its record with it") {
  Refusal refusal;
  const std::string id = refusal.failed("Pump");
  CHECK(refusal.ann.type({"--json", "retry", "--dismiss", id}).out ==
        R"({"dismissed":1,"dismissed_along":[],"refusals":[],"refused":0})"
        "\n");
  CHECK(refusal.ann.type({"list", "Task"}).out == "");
  CHECK(refusal.ann.type({"retry", id}).status == 1);
  const Said nothing = refusal.ann.type({"retry", "--dismiss", "--all"});
  CHECK(nothing.out == "");
  CHECK(nothing.err == "nothing to give up\n");
}

TEST_CASE("what waits for a record that is given up is named, as it goes with it") {
  Refusal refusal;
  const std::string id = value_behind(
      refusal.ann.type({"--json", "record", "create", "Task", "--id", "pump", "title=Pump"}).out, R"("mutation_id":")");
  refusal.ann.type({"push"});
  const std::string waits =
      value_behind(refusal.ann.type({"--json", "record", "update", "Task", "pump", "n:=1"}).out, R"("mutation_id":")");
  SUBCASE("as text") {
    CHECK(refusal.ann.type({"retry", "--dismiss", id}).out ==
          "gave up 1 failed mutation\ngave up update " + waits +
              " of Task pump with it: without the record it could never apply\n");
  }
  SUBCASE("as JSON") {
    CHECK(refusal.ann.type({"--json", "retry", "--dismiss", id}).out ==
          R"({"dismissed":1,"dismissed_along":[")" + waits + "\"],\"refusals\":[],\"refused\":0}\n");
  }
}

TEST_CASE("what waits with the values of what would be given up is named, and only its record stays as it is") {
  Refusal refusal;
  PuppetScript refuse = refusal.script;
  refusal.script = [](replica::Call, const std::string& request) {
    return replica::Reply{R"({"applied":[")" + value_behind(request, R"("mutation_id":")") +
                          R"("],"conflicts":[],"rejected":[]})"};
  };
  refusal.ann.type({"record", "create", "Invoice", "--id", "inv", "amount:=50"});
  refusal.ann.type({"push"});
  refusal.script = refuse;
  const std::string kept = value_behind(
      refusal.ann.type({"--json", "record", "update", "Invoice", "inv", "amount:=5000"}).out, R"("mutation_id":")");
  refusal.ann.type({"push"});
  const std::string other = refusal.failed("Pump");
  const std::string waits = value_behind(
      refusal.ann.type({"--json", "record", "update", "Invoice", "inv", "note=paid"}).out, R"("mutation_id":")");
  const std::string why = "edit " + waits + " of Invoice inv, written after it, waits with its values";
  SUBCASE("one of several ids: none is given up") {
    const Said said = refusal.ann.type({"retry", "--dismiss", kept, other});
    CHECK(said.status == 1);
    CHECK(said.err.find(why) != std::string::npos);
    CHECK(refusal.ann.type({"list", "Task"}).out != "");
  }
  SUBCASE("all, for people") {
    const Said said = refusal.ann.type({"retry", "--dismiss", "--all"});
    CHECK(said.status == 3);
    CHECK(said.out == "gave up 1 failed mutation; 1 mutation could not be\n");
    CHECK(said.err.starts_with("tether: warning: mutation " + kept + " of Invoice inv stays failed: " + why));
    CHECK(refusal.ann.type({"list", "Task"}).out == "");
  }
  SUBCASE("all, as JSON") {
    const Said said = refusal.ann.type({"--json", "retry", "--dismiss", "--all"});
    CHECK(said.status == 3);
    CHECK(said.out.starts_with(R"({"dismissed":1,"dismissed_along":[],"refusals":[{"mutation_id":")" + kept + "\""));
    CHECK(said.out.ends_with("}],\"refused\":1}\n"));
  }
  CHECK(refusal.ann.type({"list", "Invoice"}).out.find("5000") != std::string::npos);
}

TEST_CASE("an unknown id is a fault, and no id wrong usage") {
  Refusal refusal;
  const std::string id = refusal.failed("Pump");
  const Said unknown = refusal.ann.type({"retry", "01ARZ3NDEKTSV4RRFFQ69G5FAV"});
  CHECK(unknown.status == 1);
  CHECK(unknown.err.find("no failed mutation is called 01ARZ3NDEKTSV4RRFFQ69G5FAV") != std::string::npos);
  CHECK(refusal.ann.type({"retry"}).status == 2);
  CHECK(refusal.ann.type({"retry", "--dismiss"}).status == 2);
  CHECK(refusal.ann.type({"retry", "--all", id}).status == 2);
}

TEST_CASE("one unknown id among several changes nothing") {
  Refusal refusal;
  const std::string id = refusal.failed("Pump");
  CHECK(refusal.ann.type({"retry", id, "01ARZ3NDEKTSV4RRFFQ69G5FAV"}).status == 1);
  CHECK(refusal.ann.type({"push", "--dry-run", "--offline"}).out == "would push 0 mutations\n");
}

}  // namespace tether::cmd
