// SPDX-License-Identifier: MIT
#include "service/models_warnings.hpp"

#include <doctest/doctest.h>

#include "rules/models.hpp"

namespace tether::service {
namespace {

using Lines = std::vector<std::string>;

/// What is to be said of the model Task, with these members.
Lines said_of(const std::string& members, Auth auth = Auth::token) {
  const std::string text = R"({"models":{"Task":{)" + members + "}}}";
  return models_warnings(text, rules::read_models(text), auth, "/usr/bin:/bin");
}

TEST_CASE("a program that is not there, or may not be run, is told with its path") {
  CHECK(said_of(R"("mapper":["sh","-c","cat"])").empty());
  CHECK(said_of(R"("mapper":["/bin/sh"])").empty());
  CHECK(said_of(R"("conflict":"exec","resolver":["/nowhere/decide"])") ==
        Lines{"models.Task.resolver: there is no program /nowhere/decide"});
  CHECK(said_of(R"("mapper":["/etc/passwd"])") ==
        Lines{"models.Task.mapper: /etc/passwd is no program that may be run"});
  CHECK(said_of(R"("mapper":["/etc"])") == Lines{"models.Task.mapper: /etc is no program that may be run"});
  CHECK(said_of(R"("mapper":["tether-decide"])") ==
        Lines{"models.Task.mapper: there is no program \"tether-decide\" in PATH, which is /usr/bin:/bin"});
}

TEST_CASE("a field that no list names is told, with the nearest word") {
  CHECK(said_of(R"("fields":["email","pin"],"hide":["emial"],"redact":["pin","note"],"mask":{"pni":"***"})") ==
        Lines{R"(models.Task.hide: neither "fields" nor "validate.properties" names "emial"; did you mean "email"?)",
              R"(models.Task.mask: neither "fields" nor "validate.properties" names "pni"; did you mean "pin"?)",
              R"(models.Task.redact: neither "fields" nor "validate.properties" names "note")"});
  CHECK(said_of(R"("validate":{"properties":{"title":{}},"required":["titel"]})") ==
        Lines{R"(models.Task.validate.required: neither "fields" nor "validate.properties" names "titel"; )"
              R"(did you mean "title"?)"});
  CHECK(said_of(R"("validate":{"properties":{"title":{}},"additionalProperties":false},"redact":["pin"])").size() == 1);
}

TEST_CASE("where nothing lists the fields, or only some of them, any name may be right") {
  CHECK(said_of(R"("hide":["email"],"redact":["pin"],"validate":{"required":["title"]})").empty());
  CHECK(said_of(R"("validate":{"properties":{"title":{}},"required":["owner"]},"redact":["pin"])").empty());
  CHECK(
      said_of(R"("fields":["code"],"rename":{"secret":"pin"},"set":{"owner":{"claim":"name"}},"hide":["owner","pin"])")
          .empty());
  CHECK(said_of(R"("fields":["amount"],"mapper":["sh"],"hide":["score"])").empty());
}

TEST_CASE("a counter of texts is told") {
  const std::string text =
      R"("conflict":"merge","validate":{"properties":{"total":{"type":"string"},"n":{}}},"merge":)";
  CHECK(said_of(text + R"({"total":"counter","n":"counter"})") ==
        Lines{R"(models.Task.merge.total: "validate" declares it as a string, which is no counter: )"
              "a person has to decide each conflict"});
  CHECK(said_of(text + R"({"total":"lww"})").empty());
}

TEST_CASE("a strategy that shows something of a field that is not told is told") {
  CHECK(said_of(R"("conflict":"merge","hide":["pay"],"mask":{"iban":"*"},"merge":{"pay":"max","*":"manual"})") ==
        Lines{R"(models.Task.merge: clients are not told "pay", and can find out about it under "max": )"
              R"(whether an edit is a conflict, or fits "validate", depends on what is stored)",
              R"(models.Task.merge: clients are not told "iban", and can find out about it under "manual": )"
              R"(whether an edit is a conflict, or fits "validate", depends on what is stored)"});
  CHECK(said_of(R"("conflict":"merge","hide":["pay"],"merge":{"pay":"counter"})").empty());
  CHECK(said_of(R"("conflict":"merge","except":["pay"],"hide":["pay"],"merge":{"*":"max"})").empty());
}

TEST_CASE("claims that nobody has are told") {
  for (const char* members : {R"("set":{"owner":{"claim":"name"}})", R"("visible":{"owner":{"claim":"name"}})",
                              R"("read_only":{"role":"guest"})"}) {
    CAPTURE(members);
    CHECK(said_of(members, Auth::none) == Lines{"models.Task: asks for claims, and with --auth none nobody has any"});
    CHECK(said_of(members, Auth::jwt).empty());
  }
  CHECK(said_of(R"("visible":{"state":"open"})", Auth::none).empty());
}

}  // namespace
}  // namespace tether::service
