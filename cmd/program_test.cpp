// SPDX-License-Identifier: MIT
#include "cmd/program.hpp"

#include <doctest/doctest.h>

#include "cmd/commands.hpp"
#include "cmd/desk.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::cmd {
namespace {

struct Room {
  SteppingClock clock{from_ms(1'763'757'000'000)};
  SeededRandom random{7};
  testing::TemporaryDirectory folder;
  Desk desk{folder.file("t.db"), clock, random, {}};
};

}  // namespace

TEST_CASE("a slip of the finger gets the word that was meant") {
  Room room;
  CHECK(room.desk.type({"psuh"}).err == "tether: unknown command 'psuh'\n  Did you mean `tether push`?\n");
  CHECK(room.desk.type({"record", "creat"}).err ==
        "tether: record: unknown command 'creat'\n  Did you mean `tether record create`?\n");
  CHECK(room.desk.type({"list", "Task", "--wher", "a=b"}).err ==
        "tether: list: unknown option --wher\n  Did you mean --where?\n");
}

TEST_CASE("wrong usage ends with 2") {
  Room room;
  const std::vector<std::vector<std::string>> wrong{{"record"},
                                                    {"record", "create"},
                                                    {"record", "create", "1x"},
                                                    {"record", "create", "T", "a"},
                                                    {"record", "--stdin", "create", "T"},
                                                    {"list", "--deleted"},
                                                    {"list", "--where", "a=1"},
                                                    {"list", "T", "extra"},
                                                    {"log", "-n", "0"},
                                                    {"log", "-n"},
                                                    {"log", "-n", "1", "-n", "2"},
                                                    {"log", "--since", "foo"},
                                                    {"log", "--status", "x"},
                                                    {"config", "nope"},
                                                    {"config", "token", "abc"},
                                                    {"config", "timeout", "5"},
                                                    {"completion", "tcsh"},
                                                    {"-q", "-v", "status"},
                                                    {"--nope"}};
  for (const auto& words : wrong) {
    CAPTURE(words.front());
    CHECK(room.desk.type(words).status == 2);
  }
}

TEST_CASE("a file in memory would lose what is recorded in it, and is refused") {
  Room room;
  for (const char* path : {":memory:", "file::memory:", "file::memory:?cache=shared"}) {
    const Said said = room.desk.type({"--db", path, "record", "create", "T", "a=1"});
    CHECK(said.status == 2);
    CHECK(said.out.empty());
    CHECK(said.err == "tether: --db: " + std::string(path) +
                          " would lose everything that is recorded in it\n  Name a file, as in --db tether.db.\n");
  }
}

TEST_CASE("a number that no machine word holds is wrong usage, nothing else") {
  Room room;
  const std::string huge = "99999999999999999999";
  for (const auto& words : std::vector<std::vector<std::string>>{{"push", "--batch", huge},
                                                                 {"pull", "--page", huge},
                                                                 {"log", "-n", huge},
                                                                 {"compact", "--keep", huge + "d"},
                                                                 {"record", "--stdin", "--batch", huge}}) {
    CAPTURE(words.front());
    CHECK(room.desk.type(words).status == 2);
  }
}

TEST_CASE("values nested without end are refused, and nothing is recorded") {
  Room room;
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(room.desk.type({"record", "create", "T", "a:=" + deep}).status != 0);
  CHECK(room.desk.type({"record", "create", "T", "--data", "{\"a\":" + deep + "}"}).status == 2);
  CHECK(room.desk.type({"--json", "list", "T"}).out == "");
}

TEST_CASE("with --json an error is the last line of stderr, even of a command line that cannot be read") {
  Room room;
  CHECK(
      room.desk.type({"--bogus", "--json"}).err ==
      R"({"error":{"code":"usage","message":"unknown option --bogus","hint":"`tether --help` shows what it takes.","exit_code":2}})"
      "\n");
  const auto said = room.desk.type({"show", "Task", "nope", "--json"});
  CHECK(said.status == 1);
  CHECK(said.err.starts_with(R"({"error":{"code":"not_found","message":"there is no Task nope")"));
}

TEST_CASE("help is a command behind the options of every command, too") {
  Room room;
  const std::string help = room.desk.type({"push", "--help"}).out;
  CHECK(room.desk.type({"help", "push"}).out == help);
  CHECK(room.desk.type({"--json", "help", "push"}).out == help);
  CHECK(room.desk.type({"-q", "help", "push"}).out == help);
  CHECK(room.desk.type({"--db", "F", "help", "push"}).out == help);
  CHECK(room.desk.type({"--db", "F", "-v", "help", "push"}).out == help);
  CHECK(room.desk.type({"--json", "--version"}).out == room.desk.type({"--json", "version"}).out);
  CHECK(room.desk.type({"--db"}).status == 2);
}

TEST_CASE("every command has a help text that ends well") {
  Room room;
  for (const auto& command : commands()) {
    CAPTURE(command.name);
    const auto said = room.desk.type({std::string(command.name), "--help"});
    CHECK(said.status == 0);
    CHECK(said.out.starts_with("tether " + std::string(command.name) + ": " + std::string(command.summary)));
    CHECK(said.out.find("Exit status:\n  0 ") != std::string::npos);
  }
}

TEST_CASE("a word behind -- is never an option, and brackets are no list") {
  Room room;
  CHECK(room.desk.type({"record", "create", "T", "--id", "x", "--", "-a=1", "[b]=2]"}).status == 0);
  CHECK(room.desk.type({"--json", "show", "T", "x"}).out.find(R"("payload":{"-a":"1","[b]":"2]"})") !=
        std::string::npos);
}

TEST_CASE("a list without a model shows what models there are") {
  Room room;
  CHECK(room.desk.type({"list"}).err == "no records yet: `tether record create MODEL FIELD=VALUE` makes one\n");
  room.desk.type({"record", "create", "Task", "--id", "x", "a=1"});
  room.desk.type({"record", "create", "Note", "a=1"});
  room.desk.type({"record", "delete", "Task", "x"});
  CHECK(room.desk.type({"list"}).out ==
        "MODEL  RECORDS  PENDING  DELETED\n"
        "Note         1        1        0\n"
        "Task         0        1        1\n");
  CHECK(room.desk.type({"--json", "list"}).out ==
        R"({"model":"Note","records":1,"pending":1,"deleted":0}
{"model":"Task","records":0,"pending":1,"deleted":1}
)");
}

TEST_CASE("show and log take the beginning of an id that only one record has") {
  Room room;
  const std::string id = value_behind(room.desk.type({"--json", "record", "create", "Task", "n:=1"}).out, R"("id":")");
  room.desk.type({"record", "create", "Task", "--id", "pump-house", "n:=2"});
  room.desk.type({"record", "create", "Task", "--id", "pump-house-2", "n:=3"});
  room.desk.type({"record", "create", "Task", "--id", "pump-house-3", "n:=4"});
  CHECK(room.desk.type({"show", "Task", id.substr(0, 10)}).out == room.desk.type({"show", "Task", id}).out);
  std::string lower = id.substr(0, 12);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
  CHECK(room.desk.type({"log", "Task", lower}).out == room.desk.type({"log", "Task", id}).out);
  CHECK(room.desk.type({"--json", "show", "Task", "pump-house"}).out.starts_with(R"({"id":"pump-house",)"));
  const Said several = room.desk.type({"show", "Task", "pump-house-"});
  CHECK(several.status == 1);
  CHECK(several.err.starts_with("tether: pump-house- names more than one Task: pump-house-2, pump-house-3\n"));
  CHECK(room.desk.type({"log", "Task", "pump-house-"}).status == 1);
  CHECK(room.desk.type({"show", "Task", "pump-x"}).err.starts_with("tether: there is no Task pump-x\n"));
  CHECK(room.desk.type({"show", "Task", id.substr(0, 5)}).status == 1);
}

TEST_CASE("show tells a text from a number") {
  Room room;
  room.desk.type({"record", "create", "Task", "--id", "x", "n:=5", "t=5", "u=\xc3\xa9 \"a\""});
  const std::string shown = room.desk.type({"show", "Task", "x"}).out;
  CHECK(shown.find("\nn      5 ") != std::string::npos);
  CHECK(shown.find("\nt      \"5\" ") != std::string::npos);
  CHECK(shown.find("\nu      \"\xc3\xa9 \\\"a\\\"\" ") != std::string::npos);
}

TEST_CASE("status needs a person when something waits longer than --max-lag") {
  Room room;
  CHECK(room.desk.type({"status"}).out.starts_with("Nothing waits to be sent, and nothing was synced yet.\n"));
  room.desk.type({"record", "create", "T", "a=1"});
  room.clock.advance(std::chrono::minutes(11));
  CHECK(room.desk.type({"status"}).status == 0);
  CHECK(room.desk.type({"status", "--max-lag", "1h"}).status == 0);
  CHECK(room.desk.type({"status", "--max-lag", "10m"}).status == 3);
}

TEST_CASE("a secret is masked wherever settings are shown") {
  Room room;
  CHECK(room.desk.type({"config", "--store-token", "token", "s3cret"}).status == 0);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"config"}, {"config", "token"}, {"--json", "config"}, {"--json", "config", "token"}}) {
    const auto said = room.desk.type(words);
    CHECK(said.out.find("s3cret") == std::string::npos);
    CHECK(said.out.find("********") != std::string::npos);
  }
}

TEST_CASE("a completion names every command") {
  Room room;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = room.desk.type({"completion", shell}).out;
    for (const auto& command : commands()) CHECK(script.find(command.name) != std::string::npos);
  }
}

}  // namespace tether::cmd
