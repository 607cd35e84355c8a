// SPDX-License-Identifier: MIT
// `tether compact` and `tether backup`.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "cmd/byte_size.hpp"
#include "cmd/office_fixture.hpp"

namespace tether::cmd {

TEST_CASE("what is long synced is forgotten, what is pending never") {
  Office office;
  office.ann.type({"record", "create", "Task", "--id", "pump", "title=Pump"});
  office.ann.type({"sync"});
  office.ann.type({"record", "create", "Task", "--id", "valve", "title=Valve"});
  office.world.clock().advance(std::chrono::hours(24 * 91));
  const Said said = office.ann.type({"compact"});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("forgot 1 log entry and 0 deleted records\n"));
  CHECK(office.ann.type({"push", "--dry-run", "--offline"}).out.starts_with("would push 1 mutation\n"));
  CHECK(office.ann.type({"list", "Task"}).out.find("Pump") != std::string::npos);
}

TEST_CASE("what is younger than told stays") {
  Office office;
  office.ann.type({"record", "create", "Task", "title=Pump"});
  office.ann.type({"sync"});
  const std::string kept = R"({"log_rows":0,"tombstones":0,)";
  CHECK(office.ann.type({"--json", "compact", "--keep", "10d"}).out.starts_with(kept));
  CHECK(office.ann.type({"compact", "--keep", "soon"}).status == 2);
}

TEST_CASE("a file that is being synced is not compacted") {
  Office office;
  const replica::SyncLock other(office.ann.path());
  CHECK(office.ann.type({"compact"}).status == 6);
}

TEST_CASE("a backup is a whole copy, and overwrites nothing") {
  Office office;
  office.ann.type({"record", "create", "Task", "--id", "pump", "title=Pump"});
  const std::string path = office.folder.file("copy.db");
  const Said said = office.ann.type({"backup", path});
  CHECK(said.status == 0);
  CHECK(said.out == "copied " + office.ann.path() + " to " + path + " (" + human_bytes(file_bytes(path)) + ")\n");
  CHECK(office.ann.type({"--db", path, "list", "Task"}).status == 0);
  CHECK(office.ann.type({"backup", path}).status == 1);
  const std::string beside = path + ".2";
  std::ofstream(beside + "-wal") << "of another file";
  CHECK(office.ann.type({"backup", beside}).err.find(beside + "-wal exists already") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(beside));
  CHECK(office.ann.type({"backup"}).status == 2);
  Desk copy(path, office.world.clock(), office.world.random(), office.wire);
  CHECK(copy.type({"list", "Task"}).out.find("Pump") != std::string::npos);
}

TEST_CASE("a copy says once that it goes on as another client") {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  Desk desk{folder.file("t.db"), clock, random, {}};
  desk.type({"record", "create", "Task", "title=Pump"});
  const std::string copy = folder.file("copy.db");
  REQUIRE(desk.type({"backup", copy}).status == 0);
  const Said first = desk.type({"--db", copy, "record", "create", "Task", "title=Hose"});
  CHECK(first.err.find("tether: warning: this file is a copy of that of client ") != std::string::npos);
  CHECK(desk.type({"--db", copy, "record", "create", "Task", "title=Hose"}).err == "");
  CHECK(desk.type({"record", "create", "Task", "title=Hose"}).err == "");
}

}  // namespace tether::cmd
