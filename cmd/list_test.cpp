// SPDX-License-Identifier: MIT
#include "cmd/office_fixture.hpp"

namespace tether::cmd {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a record says that an edit of it was refused until that is dealt with") {
  Stage stage;
  const std::string id =
      value_behind(stage.ann.type({"--json", "record", "create", "Task", "title=pump"}).out, R"("id":")");
  stage.refuse_with("validation_failed", "{}");
  stage.ann.type({"push"});
  CHECK(contains(stage.ann.type({"list", "Task"}).out, "  failed  "));
  CHECK(contains(stage.ann.type({"--json", "list", "Task"}).out, R"("pending":true,"deleted":false)"));
  CHECK(contains(stage.ann.type({"--json", "list", "Task"}).out, R"("failed":true,"conflict":false)"));
  CHECK(contains(stage.ann.type({"show", "Task", id}).out, "an edit was refused: `tether retry ID`"));
  stage.ann.type({"retry", "--all"});
  CHECK(contains(stage.ann.type({"list", "Task"}).out, "  pending  "));
  CHECK_FALSE(contains(stage.ann.type({"show", "Task", id}).out, "refused"));
}

TEST_CASE("a record says that an edit of it is in conflict until that is resolved") {
  Office office;
  const std::string id = office.create(office.ann, "pump");
  office.ann.type({"sync"});
  office.ben.type({"sync"});
  office.ann.type({"record", "update", "Task", id, "title=valve"});
  office.world.clock().advance(std::chrono::hours(1));
  office.ben.type({"record", "update", "Task", id, "title=hose"});
  office.ben.type({"sync"});
  office.ann.type({"sync"});
  CHECK(contains(office.ann.type({"list", "Task"}).out, "  conflict  "));
  CHECK(contains(office.ann.type({"--json", "show", "Task", id}).out, R"("failed":false,"conflict":true)"));
  CHECK(contains(office.ann.type({"show", "Task", id}).out, "an edit is in conflict: `tether conflicts show " + id));
  office.ann.type({"record", "update", "Task", id, "done:=true"});
  CHECK(contains(office.ann.type({"list", "Task"}).out, "  pending, conflict  "));
  office.ann.type({"conflicts", "resolve", id, "--theirs"});
  CHECK(contains(office.ann.type({"list", "Task"}).out, "  pending  "));
}

}  // namespace
}  // namespace tether::cmd
