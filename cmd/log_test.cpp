// SPDX-License-Identifier: MIT
#include "base/log.hpp"

#include <doctest/doctest.h>

#include "cmd/desk.hpp"
#include "sql/sqlite.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {

namespace {

/// A file with one mutation, in whose row another program wrote.
struct OddLog {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  PuppetScript script;
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(script)};

  OddLog() { ann.type({"record", "create", "Task", "--id", "pump", "title=Pump"}); }

  void write(const std::string& columns) {
    sql::open_sqlite({.path = ann.path()})
        ->execute_script("DROP TRIGGER IF EXISTS tether_mutation_logs_immutable; UPDATE tether_mutation_logs SET " +
                         columns);
  }
};

}  // namespace

TEST_CASE_FIXTURE(OddLog, "data without a reason is no loss: it is shown as what it is") {
  for (const std::string data : {R"({"message":"later"})", R"(["later"])", "null", "7", R"({"fields":7})"}) {
    CAPTURE(data);
    write("sync_status = 'synced', rejection_data = '" + data + "'");
    const Said table = ann.type({"log"});
    CHECK(table.status == 0);
    CHECK(table.out.find("  synced  ") != std::string::npos);
    CHECK(ann.type({"log", "--diff"}).status == 0);
    CHECK(ann.type({"--json", "log"}).out.find(R"("rejection_data":)" + data + R"(,"lost":null,)") !=
          std::string::npos);
    CHECK(ann.type({"show", "Task", "pump"}).status == 0);
  }
}

TEST_CASE_FIXTURE(OddLog, "what is no JSON is shown as the text that it is") {
  for (const std::string reason : {"NULL", "'validation_failed'"}) {
    for (const std::string data :
         {"{", R"({"messages":{"a":[)", R"({"messages":)", "later", R"({"a":1} x)", "\\", "\""}) {
      CAPTURE(data);
      write("sync_status = 'failed', rejection_reason = " + reason + ", rejection_data = '" + data + "'");
      CHECK(ann.type({"log"}).status == 0);
      CHECK(ann.type({"--json", "log"}).out.find(R"("rejection_data":)" + json_quoted(data) + R"(,"lost":null,)") !=
            std::string::npos);
    }
  }
  write(
      "sync_status = 'pending', rejection_reason = NULL, rejection_data = NULL, payload = '{\"title\":', before = '['");
  CHECK(ann.type({"log"}).status == 0);
  CHECK(ann.type({"log", "--diff"}).status == 0);
  const std::string odd = ann.type({"--json", "log"}).out;
  CHECK(odd.find(R"("payload":"{\"title\":")") != std::string::npos);
  CHECK(odd.find(R"("before":"[")") != std::string::npos);
}

}  // namespace tether::cmd
