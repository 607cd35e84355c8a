// SPDX-License-Identifier: MIT
// `tether compact` and `tether backup`.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "cmd/byte_size.hpp"
#include "cmd/desk.hpp"
#include "testing/world.hpp"

namespace tether::cmd {

namespace {

struct House {
  testing::World world{7};
  testing::TemporaryDirectory folder;
  TransportFactory wire = [this](const net::HttpOptions&) {
    return std::make_unique<testing::FakeTransport>(world.wire());
  };
  Desk ann{folder.file("ann.db"), world.clock(), world.random(), wire};
};

}  // namespace

TEST_CASE("what is long synced is forgotten, what is pending never") {
  House house;
  house.ann.type({"record", "create", "Task", "--id", "pump", "title=Pump"});
  house.ann.type({"sync"});
  house.ann.type({"record", "create", "Task", "--id", "valve", "title=Valve"});
  house.world.clock().advance(std::chrono::hours(24 * 91));
  const Said said = house.ann.type({"compact"});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("forgot 1 log entry and 0 deleted records\n"));
  CHECK(house.ann.type({"push", "--dry-run", "--offline"}).out.starts_with("would push 1 mutation\n"));
  CHECK(house.ann.type({"list", "Task"}).out.find("Pump") != std::string::npos);
}

TEST_CASE("what is younger than told stays") {
  House house;
  house.ann.type({"record", "create", "Task", "title=Pump"});
  house.ann.type({"sync"});
  const std::string kept = R"({"log_rows":0,"tombstones":0,)";
  CHECK(house.ann.type({"--json", "compact", "--keep", "10d"}).out.starts_with(kept));
  CHECK(house.ann.type({"compact", "--keep", "soon"}).status == 2);
}

TEST_CASE("a file that is being synced is not compacted") {
  House house;
  const replica::SyncLock other(house.ann.path());
  CHECK(house.ann.type({"compact"}).status == 6);
}

TEST_CASE("a backup is a whole copy, and overwrites nothing") {
  House house;
  house.ann.type({"record", "create", "Task", "--id", "pump", "title=Pump"});
  const std::string path = house.folder.file("copy.db");
  const Said said = house.ann.type({"backup", path});
  CHECK(said.status == 0);
  CHECK(said.out == "copied " + house.ann.path() + " to " + path + " (" + human_bytes(file_bytes(path)) + ")\n");
  CHECK(house.ann.type({"--db", path, "list", "Task"}).status == 0);
  CHECK(house.ann.type({"backup", path}).status == 1);
  const std::string beside = path + ".2";
  std::ofstream(beside + "-wal") << "of another file";
  CHECK(house.ann.type({"backup", beside}).err.find(beside + "-wal exists already") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(beside));
  CHECK(house.ann.type({"backup"}).status == 2);
  Desk copy(path, house.world.clock(), house.world.random(), house.wire);
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
