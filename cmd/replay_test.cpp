// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "cmd/desk.hpp"
#include "sql/sqlite.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {

namespace {

struct Story {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  PuppetScript script = [](replica::Call, const std::string&) { return replica::Unreachable{.reason = "offline"}; };
  Desk ann{folder.file("ann.db"), clock, random, puppet_server(script)};

  std::string record(std::vector<std::string> words) {
    words.insert(words.begin(), {"--json", "record"});
    return value_behind(ann.type(words).out, R"("mutation_id":")");
  }
  std::int64_t rows(const std::string& path) {
    auto database = sql::open_sqlite({.path = path, .open = sql::Open::read_only});
    return database->execute("SELECT * FROM records");
  }
  void spoil(const std::string& statement) {
    auto database = sql::open_sqlite({.path = ann.path()});
    database->execute(statement);
  }
};

}  // namespace

TEST_CASE("the log is folded into the state that it makes") {
  Story story;
  const std::string first = story.record({"create", "Task", "--id", "pump", "title=Pump"});
  story.record({"update", "Task", "pump", "title=Pump 7"});
  story.record({"create", "Task", "--id", "valve", "title=Valve"});
  story.record({"delete", "Task", "valve"});
  const Said now = story.ann.type({"--json", "replay"});
  CHECK(now.status == 0);
  CHECK(now.out == R"({"id":"pump","model":"Task","payload":{"title":"Pump 7"},"deleted":false})"
                   "\n"
                   R"({"id":"valve","model":"Task","payload":{"title":"Valve"},"deleted":true})"
                   "\n");
  const Said then = story.ann.type({"--json", "replay", "--until", first});
  CHECK(then.out == R"({"id":"pump","model":"Task","payload":{"title":"Pump"},"deleted":false})"
                    "\n");
}

TEST_CASE("a time before the log leaves nothing, one after it everything") {
  Story story;
  story.record({"create", "Task", "--id", "pump", "title=Pump"});
  CHECK(story.ann.type({"--json", "replay", "--until", "2001-01-01T00:00:00Z"}).out == "");
  CHECK(story.ann.type({"--json", "replay", "--until", "2101-01-01T00:00:00Z"}).out != "");
  CHECK(story.ann.type({"replay", "--until", "yesterday"}).status == 2);
  CHECK(story.ann.type({"replay", "--until", "01ARZ3NDEKTSV4RRFFQ69G5FAV"}).status == 1);
}

TEST_CASE("a replay can be written to a new file, never over one") {
  Story story;
  story.record({"create", "Task", "--id", "pump", "title=Pump"});
  const std::string path = story.folder.file("replayed.db");
  CHECK(story.ann.type({"replay", "--to", path}).out == "wrote 1 record to " + path + "\n");
  CHECK(story.rows(path) == 1);
  CHECK(story.ann.type({"replay", "--to", path}).status == 1);
  CHECK(story.rows(path) == 1);
}

TEST_CASE("a live state that is as it should be passes the check") {
  Story story;
  story.record({"create", "Task", "--id", "pump", "title=Pump"});
  const Said said = story.ann.type({"replay", "--check"});
  CHECK(said.status == 0);
  CHECK(said.out == "compared 1 record, none differ\n");
  CHECK(story.ann.type({"--json", "replay", "--check"}).out == "{\"differences\":[],\"compared\":1}\n");
}

TEST_CASE("a live state that someone changed behind our back is reported, and can be mended") {
  Story story;
  story.record({"create", "Task", "--id", "pump", "title=Pump"});
  story.spoil(R"(UPDATE tether_records SET payload = '{"title":"Forged"}')");
  const Said said = story.ann.type({"replay", "--check"});
  CHECK(said.status == 3);
  CHECK(said.out ==
        "Task pump\n  live      {\"title\":\"Forged\"}\n  replayed  {\"title\":\"Pump\"}\n"
        "compared 1 record, 1 differs\n");
  CHECK(
      story.ann.type({"--json", "replay", "--check"}).out ==
      R"({"differences":[{"model":"Task","id":"pump","live":{"title":"Forged"},"replayed":{"title":"Pump"}}],"compared":1})"
      "\n");
  CHECK(story.ann.type({"doctor"}).status == 3);
  const Said mended = story.ann.type({"doctor", "--fix"});
  CHECK(mended.status == 0);
  CHECK(mended.out.find("fixed    records") != std::string::npos);
  CHECK(story.ann.type({"replay", "--check"}).status == 0);
}

TEST_CASE("a difference as JSON is JSON, also where the live record has lost its mark or claims an edit") {
  Story story;
  story.record({"create", "Task", "--id", "pump", "title=Pump"});
  story.spoil("UPDATE tether_records SET open_log_id = NULL");
  const Said unmarked = story.ann.type({"--json", "replay", "--check"});
  CHECK(unmarked.status == 3);
  CHECK(unmarked.out.find(R"~("live":"{\"title\":\"Pump\"} (not marked as having an open edit)",)~"
                          R"~("replayed":{"title":"Pump"}}],"compared":1})~") != std::string::npos);
  story.spoil("DELETE FROM tether_mutation_logs");
  story.spoil("UPDATE tether_records SET open_log_id = 1");
  const Said claimed = story.ann.type({"--json", "replay", "--check"});
  CHECK(claimed.out.find(R"~("live":"{\"title\":\"Pump\"} (marked as having an open edit)","replayed":"absent"})~") !=
        std::string::npos);
}

TEST_CASE("a check is of everything, and into no file") {
  Story story;
  CHECK(story.ann.type({"replay", "--check", "--to", "x"}).status == 2);
  CHECK(story.ann.type({"replay", "--check", "--until", "2101-01-01T00:00:00Z"}).status == 2);
}

}  // namespace tether::cmd
