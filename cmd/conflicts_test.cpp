// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "cmd/office_fixture.hpp"

namespace tether::cmd {

namespace {

/// Ann lost a title against Ben; her conflict waits.
struct Quarrel : Office {
  std::string id;
  std::string mutation_id;

  Quarrel() { begin("Pump"); }

  void begin(const std::string& title) {
    id = value_behind(ann.type({"--json", "record", "create", "Task", "title=" + title}).out, R"("id":")");
    ann.type({"sync"});
    ben.type({"sync"});
    const Said mine = ann.type({"--json", "record", "update", "Task", id, "title=" + title + " A"});
    mutation_id = value_behind(mine.out, R"("mutation_id":")");
    ben.type({"record", "update", "Task", id, "title=" + title + " B", "done:=true"});
    ben.type({"push"});
    ann.type({"push"});
  }

  std::string title(Desk& desk) { return value_behind(desk.type({"--json", "show", "Task", id}).out, R"("title":")"); }
};

}  // namespace

TEST_CASE("open conflicts are listed, one line each") {
  Quarrel quarrel;
  const Said said = quarrel.ann.type({"conflicts"});
  CHECK(said.status == 0);
  CHECK(said.out.find(quarrel.mutation_id + "  Task   " + quarrel.id + "  update  title, done\n") != std::string::npos);
  CHECK(quarrel.ann.type({"conflicts", "list"}).out == said.out);
  const Said json = quarrel.ann.type({"--json", "conflicts", "list"});
  CHECK(json.out.starts_with(R"({"mutation_id":")" + quarrel.mutation_id + R"(","model":"Task","id":")"));
  CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 1);
}

TEST_CASE("without conflicts there is nothing on stdout") {
  Quarrel quarrel;
  const Said said = quarrel.ben.type({"conflicts"});
  CHECK(said.status == 0);
  CHECK(said.out == "");
  CHECK(said.err == "no open conflicts\n");
}

TEST_CASE("a conflict is shown by its id, its record's id or a beginning") {
  Quarrel quarrel;
  const Said said = quarrel.ann.type({"conflicts", "show", quarrel.mutation_id});
  CHECK(said.status == 0);
  CHECK(said.out.find("*  title  \"Pump\"  \"Pump A\"  \"Pump B\"\n") != std::string::npos);
  CHECK(quarrel.ann.type({"conflicts", "show", quarrel.id}).out == said.out);
  CHECK(quarrel.ann.type({"conflicts", "show", quarrel.mutation_id.substr(0, 25)}).out == said.out);
  const Said unknown = quarrel.ann.type({"conflicts", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"});
  CHECK(unknown.status == 1);
  CHECK(unknown.err.find("no conflict is called 01ARZ3NDEKTSV4RRFFQ69G5FAV") != std::string::npos);
}

TEST_CASE("mine stands again once it is resolved and pushed") {
  Quarrel quarrel;
  const Said said = quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--mine"});
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("resolved " + quarrel.mutation_id + " (Task " + quarrel.id + "): mine, as mutation "));
  CHECK(quarrel.ann.type({"sync"}).status == 0);
  quarrel.ben.type({"pull"});
  CHECK(quarrel.title(quarrel.ann) == "Pump A");
  CHECK(quarrel.title(quarrel.ben) == "Pump A");
  CHECK(quarrel.ann.type({"conflicts"}).out == "");
  CHECK(quarrel.ann.type({"conflicts", "--all"}).out.find("  mine  ") != std::string::npos);
}

TEST_CASE("mine leaves theirs alone in fields that mine did not change") {
  Quarrel quarrel;
  CHECK(quarrel.ann.type({"conflicts", "show", quarrel.id}).out.find("mine      update of title\n") !=
        std::string::npos);
  quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--mine"});
  CHECK(quarrel.ann.type({"--json", "show", "Task", quarrel.id})
            .out.find(R"("payload":{"title":"Pump A","done":true})") != std::string::npos);
}

TEST_CASE("choosing some fields says which of mine are left out") {
  Quarrel quarrel;
  const Said said = quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--set", "note=agreed"});
  CHECK(said.status == 0);
  CHECK(said.err.find("yours in title not taken (--edit merges them)\n") != std::string::npos);
  quarrel.begin("Valve");
  const Said named = quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--data", R"({"title":"Valve C"})"});
  CHECK(named.err.find("not taken") == std::string::npos);
}

TEST_CASE("theirs stands without a mutation") {
  Quarrel quarrel;
  const Said said = quarrel.ann.type({"--json", "conflicts", "resolve", quarrel.mutation_id, "--theirs"});
  CHECK(said.status == 0);
  CHECK(said.out == R"({"resolved":1,"resolutions":[{"mutation_id":")" + quarrel.mutation_id +
                        R"(","model":"Task","id":")" + quarrel.id + R"(","resolution":"theirs","recorded":null}]})" +
                        "\n");
  CHECK(quarrel.title(quarrel.ann) == "Pump B");
}

TEST_CASE("several fields may follow one --set") {
  Quarrel quarrel;
  CHECK(quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--set", "title=Pump C", "note=agreed"}).status == 0);
  quarrel.ann.type({"sync"});
  quarrel.ben.type({"pull"});
  const std::string shown = quarrel.ben.type({"--json", "show", "Task", quarrel.id}).out;
  CHECK(shown.find(R"({"title":"Pump C","done":true,"note":"agreed"})") != std::string::npos);
}

TEST_CASE("data is laid over theirs: a field that it does not name stays") {
  Quarrel quarrel;
  CHECK(quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--data", R"({"title":"Pump D","note":"agreed"})"})
            .status == 0);
  CHECK(quarrel.ann.type({"--json", "show", "Task", quarrel.id})
            .out.find(R"("payload":{"title":"Pump D","done":true,"note":"agreed"})") != std::string::npos);
  quarrel.begin("Valve");
  const Said bad = quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--data", R"({"title":)"});
  CHECK(bad.status != 0);
  CHECK(quarrel.ann.type({"conflicts"}).out.find(quarrel.mutation_id) != std::string::npos);
}

TEST_CASE("all conflicts can be given to one side") {
  Quarrel quarrel;
  quarrel.begin("Valve");
  const Said said = quarrel.ann.type({"--json", "conflicts", "resolve", "--all", "--mine"});
  CHECK(said.out.starts_with(R"({"resolved":2,"resolutions":[)"));
  CHECK(quarrel.ann.type({"--json", "conflicts", "resolve", "--all", "--mine"}).out ==
        "{\"resolved\":0,\"resolutions\":[]}\n");
}

TEST_CASE("a conflict is resolved once") {
  Quarrel quarrel;
  quarrel.ann.type({"conflicts", "resolve", quarrel.mutation_id, "--theirs"});
  CHECK(quarrel.ann.type({"conflicts", "resolve", quarrel.mutation_id, "--mine"}).status == 1);
}

TEST_CASE("exactly one choice, for exactly one conflict or all") {
  Quarrel quarrel;
  const std::vector<std::vector<std::string>> wrong{
      {quarrel.id},
      {"--mine"},
      {quarrel.id, "--mine", "--theirs"},
      {quarrel.id, "--mine", "--set", "a=1"},
      {quarrel.id, "--set", "a=1", "--data", "{}"},
      {quarrel.id, "--all", "--mine"},
      {"--all"},
      {"--all", "--set", "a=1"},
      {quarrel.id, "extra", "--mine"},
      {quarrel.id, "--set", "no-equals-sign"},
  };
  for (const auto& words : wrong) {
    std::vector<std::string> all{"conflicts", "resolve"};
    all.insert(all.end(), words.begin(), words.end());
    const Said said = quarrel.ann.type(all);
    CHECK(said.status == 2);
    CHECK(said.out == "");
  }
  CHECK(quarrel.ann.type({"conflicts"}).out.find(quarrel.mutation_id) != std::string::npos);
}

}  // namespace tether::cmd
