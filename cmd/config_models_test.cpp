// SPDX-License-Identifier: MIT
#include "cmd/config_models.hpp"

#include <doctest/doctest.h>

#include "cmd/office_fixture.hpp"

namespace tether::cmd {

namespace {

struct MappedOffice : Office {
  std::string shown(Desk& desk, const std::string& id) { return desk.type({"--json", "show", "Task", id}).out; }
};

}  // namespace

TEST_CASE("what is configured of a model is listed, shown and forgotten like any setting") {
  MappedOffice office;
  CHECK(office.ann.type({"config", "models.Task.rename.title", "name"}).status == 0);
  CHECK(office.ann.type({"config", "models.Task.drop", "secret,notes"}).out == "");
  const std::string list = office.ann.type({"config", "--list"}).out;
  CHECK(list.find("models.Task.drop          secret,notes") != std::string::npos);
  CHECK(list.find("models.Task.rename.title  name") != std::string::npos);
  CHECK(office.ann.type({"config", "models.Task.rename.title"}).out == "name\n");
  CHECK(office.ann.type({"--json", "config", "models.Task.drop"}).out ==
        R"({"name":"models.Task.drop","value":"secret,notes","origin":"file","source":"the file's setting"})"
        "\n");
  CHECK(office.ann.type({"--json", "config"}).out.find(R"({"name":"models.Task.drop","value":"secret,notes",)") !=
        std::string::npos);
  CHECK(office.ann.type({"config", "--unset", "models.Task.rename.title"}).status == 0);
  CHECK(office.ann.type({"config", "models.Task.rename.title"}).out == "\n");
}

TEST_CASE("a value that cannot be used is refused with the setting named once") {
  MappedOffice office;
  const Said said = office.ann.type({"config", "models.Task.set.source", ":=bad"});
  CHECK(said.err.starts_with("tether: models.Task.set.source: what follows := is no JSON value\n"));
}

TEST_CASE("what one calls title and keeps to itself another one sees as name and not at all") {
  MappedOffice office;
  office.ann.type({"config", "models.Task.rename.title", "name"});
  office.ann.type({"config", "models.Task.drop", "secret"});
  office.ann.type({"config", "models.Task.set.source", "laptop-7"});
  office.ann.type({"config", "models.Task.set.version", ":=2"});
  const std::string id =
      value_behind(office.ann.type({"--json", "record", "create", "Task", "title=Pump", "secret=x"}).out, R"("id":")");
  CHECK(office.ann.type({"sync"}).status == 0);
  office.ben.type({"pull"});
  CHECK(office.shown(office.ben, id).find(R"("payload":{"name":"Pump","source":"laptop-7","version":2},)") !=
        std::string::npos);
  office.ben.type({"record", "update", "Task", id, "name=Valve"});
  office.ben.type({"push"});
  office.ann.type({"pull"});
  const std::string seen = office.shown(office.ann, id);
  CHECK(seen.find(R"("title":"Valve")") != std::string::npos);
  CHECK(seen.find(R"("secret":"x")") != std::string::npos);
  CHECK(office.ann.type({"replay", "--check"}).status == 0);
}

TEST_CASE("an edit of what stays here is never in anyone's way") {
  MappedOffice office;
  office.ann.type({"config", "models.Task.drop", "secret"});
  const std::string id =
      value_behind(office.ann.type({"--json", "record", "create", "Task", "title=Pump"}).out, R"("id":")");
  office.ann.type({"sync"});
  office.ben.type({"sync"});
  office.ann.type({"record", "update", "Task", id, "secret=x"});
  office.ben.type({"record", "update", "Task", id, "title=Valve"});
  office.ben.type({"push"});
  CHECK(office.ann.type({"sync"}).out == "pushed 0, pulled 1\n");
  CHECK(office.shown(office.ann, id).find(R"("payload":{"title":"Valve","secret":"x"})") != std::string::npos);
  CHECK(office.ann.type({"status"}).status == 0);
  CHECK(office.ann.type({"--json", "status"}).out.find(R"("pending":0)") != std::string::npos);
}

TEST_CASE("what may have reached the server keeps what it was sent with, and the person is told") {
  MappedOffice office;
  office.ann.type({"record", "create", "Task", "title=Pump", "secret=x"});
  office.world.wire().drop_next_reply();
  CHECK(office.ann.type({"push"}).status == 4);
  const Said said = office.ann.type({"config", "models.Task.drop", "secret"});
  CHECK(said.err == "1 mutation of Task may have reached the server already: it is sent again as before\n");
  CHECK(office.ann.type({"push"}).out == "pushed 1\n");
}

TEST_CASE("no mapping changes while the file is synced, and none that is wrong is stored") {
  MappedOffice office;
  {
    const replica::SyncLock lock(office.ann.path());
    CHECK(office.ann.type({"config", "models.Task.drop", "secret"}).status == 6);
  }
  CHECK(office.ann.type({"config", "models.Task.hide", "secret"}).status == 2);
  CHECK(office.ann.type({"config", "models.9.drop", "secret"}).status == 2);
  CHECK(office.ann.type({"config", "models.Task.rename.a", "x"}).status == 0);
  const Said twice = office.ann.type({"config", "models.Task.rename.b", "x"});
  CHECK(twice.status == 2);
  CHECK(twice.err.find("models.Task.rename.b: two fields would be sent as x") != std::string::npos);
  CHECK(office.ann.type({"config", "models.Task.rename.b"}).out == "\n");
}

}  // namespace tether::cmd
