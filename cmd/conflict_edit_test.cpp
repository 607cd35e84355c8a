// SPDX-License-Identifier: MIT
#include "cmd/conflict_edit.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "cmd/editor.hpp"
#include "cmd/office_fixture.hpp"

namespace tether::cmd {

namespace {

using replica::Resolution;

Disputed dispute(const std::string& base, const std::string& mine, const std::string& theirs,
                 std::optional<std::string> now) {
  Disputed disputed;
  disputed.conflict.mutation_id = {"01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  disputed.conflict.key = {{"Task"}, {"t1"}};
  disputed.conflict.operation = protocol::Operation::update;
  disputed.conflict.base = base;
  disputed.conflict.mine = mine;
  disputed.conflict.theirs = theirs;
  disputed.now = std::move(now);
  return disputed;
}

std::string below_comments(const std::string& text) {
  return text.substr(text.find("\n{") + 1);
}

/// An editor that does what sed does.
std::string sed(const std::string& script) {
  return "sed -i '" + script + "'";
}

struct Quarrel : Office {
  std::string id =
      value_behind(ann.type({"--json", "record", "create", "Task", "title=Pump", "done:=false"}).out, R"("id":")");
  std::string mutation_id;

  Quarrel() {
    ann.type({"sync"});
    ben.type({"sync"});
    mutation_id =
        value_behind(ann.type({"--json", "record", "update", "Task", id, "title=Pump A"}).out, R"("mutation_id":")");
    ben.type({"record", "update", "Task", id, "title=Pump B", "done:=true"});
    ben.type({"push"});
    ann.type({"push"});
  }

  Said edit(const std::string& editor) {
    ann.editor = editor;
    return ann.type({"conflicts", "resolve", id, "--edit"});
  }
  std::string draft() const { return ann.path() + "-edit-" + mutation_id + ".json"; }
  bool is_open() { return ann.type({"conflicts"}).out.find(mutation_id) != std::string::npos; }
  std::string shown() { return ann.type({"--json", "show", "Task", id}).out; }
};

}  // namespace

TEST_CASE("mine of what both changed, and each side's own changes, are proposed, with what is in dispute above") {
  const Disputed disputed =
      dispute(R"({"title":"Pump","done":false,"note":"n"})", R"({"title":"Pump A","done":false,"note":"mine"})",
              R"({"title":"Pump B","done":true,"note":"n"})", R"({"title":"Pump B","done":true,"note":"n"})");
  CHECK(below_comments(text_to_edit(disputed)) == R"({
  # base    "Pump"
  # mine    "Pump A"
  # theirs  "Pump B"
  "title": "Pump A",
  # base    false
  # mine    false
  # theirs  true
  "done": true,
  # base    "n"
  # mine    "mine"
  # theirs  "n"
  "note": "mine"
}
)");
}

TEST_CASE("what was changed since theirs is proposed as it stands now") {
  const Disputed disputed =
      dispute(R"({"title":"Pump"})", R"({"title":"Pump A"})", R"({"title":"Pump B"})", R"({"title":"Pump C"})");
  CHECK(below_comments(text_to_edit(disputed)).ends_with("  # now     \"Pump C\"\n  \"title\": \"Pump C\"\n}\n"));
}

TEST_CASE("the text as it was opened can be read back, and settles for what it shows") {
  const Disputed disputed = dispute(R"({"title":"Pump","done":false})", R"({"title":"#1, \"A\"","done":false})",
                                    R"({"title":"Pump B","done":true})", R"({"title":"Pump B","done":true})");
  const auto object = edited_object(text_to_edit(disputed));
  REQUIRE(object.has_value());
  const Resolution resolution = resolution_by(disputed, *object);
  CHECK(resolution.kind == Resolution::Kind::data);
  CHECK(resolution.fields == R"({"title":"#1, \"A\""})");
}

TEST_CASE("theirs left as it is settles for theirs") {
  const Disputed disputed = dispute("{}", R"({"a":1})", R"({"a":2,"b":3})", R"({"a":2,"b":3})");
  CHECK(resolution_by(disputed, R"({"b":3})").kind == Resolution::Kind::theirs);
}

TEST_CASE("theirs written over what stands now is a choice like any other") {
  const Disputed disputed =
      dispute(R"({"title":"A"})", R"({"title":"Mine"})", R"({"title":"B","n":1})", R"({"title":"C","n":2})");
  const Resolution resolution = resolution_by(disputed, R"({"title":"B","n":2})");
  CHECK(resolution.kind == Resolution::Kind::data);
  CHECK(resolution.fields == R"({"title":"B"})");
}

TEST_CASE("what was deleted since theirs is made again whole") {
  const Disputed disputed = dispute(R"({"a":1})", R"({"a":2})", R"({"a":3,"b":1})", std::nullopt);
  CHECK(resolution_by(disputed, R"({"a":3,"b":1})").fields == R"({"a":3,"b":1})");
}

TEST_CASE("what they deleted is proposed as mine, and made again whole") {
  Disputed disputed = dispute(R"({"a":1})", R"({"a":2,"b":1})", "{}", std::nullopt);
  disputed.conflict.theirs_deleted = true;
  const auto object = edited_object(text_to_edit(disputed));
  REQUIRE(object.has_value());
  CHECK(resolution_by(disputed, *object).fields == R"({"a":2,"b":1})");
}

TEST_CASE("what mine deleted is proposed as it stands, and left so settles for theirs") {
  Disputed disputed = dispute(R"({"a":1})", "{}", R"({"a":2})", R"({"a":2})");
  disputed.conflict.operation = protocol::Operation::remove;
  const auto object = edited_object(text_to_edit(disputed));
  REQUIRE(object.has_value());
  CHECK(resolution_by(disputed, *object).kind == Resolution::Kind::theirs);
}

TEST_CASE("nothing but comments is nothing, and half an object is said to be none") {
  CHECK_FALSE(edited_object("# {\n\n  # }\n").has_value());
  CHECK_THROWS_AS(edited_object("{\"a\":\n# 1\n"), Error);
}

TEST_CASE("the editor is the person's, and vi where they have none and a terminal for it") {
  const auto with = [](std::map<std::string, std::string> set) {
    return editor_command([set](const std::string& name) {
      const auto found = set.find(name);
      return found == set.end() ? std::nullopt : std::optional(found->second);
    });
  };
  CHECK(with({{"TERM", "xterm"}, {"VISUAL", "emacs -nw"}, {"EDITOR", "ed"}}) == "emacs -nw");
  CHECK(with({{"TERM", "dumb"}, {"VISUAL", "emacs -nw"}, {"EDITOR", "ed"}}) == "ed");
  CHECK(with({{"TERM", "xterm"}, {"EDITOR", "ed"}}) == "ed");
  CHECK(with({{"TERM", "xterm"}, {"VISUAL", ""}}) == "vi");
  CHECK_THROWS_AS(with({{"TERM", "dumb"}, {"VISUAL", "emacs"}}), Error);
}

TEST_CASE("what is written in the editor stands, and the text is gone") {
  Quarrel quarrel;
  const Said said = quarrel.edit(sed("s/\"title\": .*/\"title\": \"Pump of both\",/"));
  CHECK(said.status == 0);
  CHECK(said.out.starts_with("resolved " + quarrel.mutation_id + " (Task " + quarrel.id + "): data, as mutation "));
  CHECK(quarrel.shown().find(R"("payload":{"title":"Pump of both","done":true})") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(quarrel.draft()));
}

TEST_CASE("resolving in the editor reports like any other resolution") {
  Quarrel quarrel;
  quarrel.ann.editor = sed("s/\"title\": .*/\"title\": \"Pump B\",/");
  const Said said = quarrel.ann.type({"--json", "conflicts", "resolve", quarrel.id, "--edit"});
  CHECK(said.status == 0);
  CHECK(said.out == R"({"resolved":1,"resolutions":[{"mutation_id":")" + quarrel.mutation_id +
                        R"(","model":"Task","id":")" + quarrel.id + R"(","resolution":"theirs","recorded":null}]})" +
                        "\n");
}

TEST_CASE("an editor that fails and an emptied text settle nothing and leave nothing behind") {
  Quarrel quarrel;
  CHECK(quarrel.edit("false").status == 1);
  CHECK_FALSE(std::filesystem::exists(quarrel.draft()));
  const Said emptied = quarrel.edit(sed("/^[^#]/d"));
  CHECK(emptied.status == 1);
  CHECK(emptied.err.find("the text was emptied") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(quarrel.draft()));
  CHECK(quarrel.is_open());
}

TEST_CASE("an editor that was left without saving settles nothing and leaves nothing behind") {
  Quarrel quarrel;
  const Said said = quarrel.edit("true");
  CHECK(said.status == 1);
  CHECK(said.err.find("nothing was saved, so nothing is settled") != std::string::npos);
  CHECK(quarrel.is_open());
  CHECK_FALSE(std::filesystem::exists(quarrel.draft()));
}

TEST_CASE("a text that was saved as it is settles") {
  Quarrel quarrel;
  CHECK(quarrel.edit(sed("s/nothing is called so//")).status == 0);
  CHECK(quarrel.shown().find(R"("payload":{"title":"Pump A","done":true})") != std::string::npos);
}

TEST_CASE("what was written before is kept where nothing is saved the next time") {
  Quarrel quarrel;
  quarrel.edit(sed("s/\"title\": .*/\"title\": \"Pump of both/"));
  const Said said = quarrel.edit("true");
  CHECK(said.status == 1);
  CHECK(said.err.find("What you wrote is kept in " + quarrel.draft()) != std::string::npos);
  CHECK(std::filesystem::exists(quarrel.draft()));
  CHECK(quarrel.is_open());
}

TEST_CASE("a text that cannot be used is kept, and the same command goes on with it") {
  Quarrel quarrel;
  const Said broken = quarrel.edit(sed("s/\"title\": .*/\"title\": \"Pump of both/"));
  CHECK(broken.status == 1);
  CHECK(broken.err.find("What you wrote is kept in " + quarrel.draft()) != std::string::npos);
  CHECK(quarrel.is_open());
  const Said given_up = quarrel.edit("false");
  CHECK(given_up.err.find("going on with what was written before, in " + quarrel.draft()) != std::string::npos);
  CHECK(std::filesystem::exists(quarrel.draft()));
  CHECK(quarrel.edit(sed("s/of both/of both\",/")).status == 0);
  CHECK(quarrel.shown().find(R"("title":"Pump of both")") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(quarrel.draft()));
}

TEST_CASE("what was written before the editor failed is kept") {
  Quarrel quarrel;
  const Said said = quarrel.edit("f() { echo '{}' >\"$1\"; false; }; f");
  CHECK(said.status == 1);
  CHECK(std::filesystem::exists(quarrel.draft()));
  CHECK(quarrel.is_open());
}

TEST_CASE("what reaches the record while it is edited is not set back") {
  Quarrel quarrel;
  const std::string meanwhile = "sqlite3 " + quarrel.ann.path() +
                                " \"UPDATE tether_records SET payload = json_set(payload, '\\$.title', 'Pump C')\"; ";
  const Said said =
      quarrel.edit("f() { " + meanwhile + sed("s/\"title\": .*/\"title\": \"Pump of both\",/") + " \"$1\"; }; f");
  CHECK(said.status == 1);
  CHECK(said.err.find("the record changed meanwhile") != std::string::npos);
  CHECK(quarrel.is_open());
  const Said again = quarrel.edit(sed("s/\"title\": .*/\"title\": \"Pump of all\",/"));
  CHECK(again.err.find("the record changed since: what was written before stands as comments beneath it, in " +
                       quarrel.draft()) != std::string::npos);
  CHECK(again.status == 0);
  CHECK(quarrel.shown().find(R"("title":"Pump of all")") != std::string::npos);
}

TEST_CASE("what reaches other fields while a record is edited stays") {
  Quarrel quarrel;
  const std::string meanwhile = "sqlite3 " + quarrel.ann.path() +
                                " \"UPDATE tether_records SET payload = json_set(payload, '\\$.note', 'seen')\"; ";
  const Said said =
      quarrel.edit("f() { " + meanwhile + sed("s/\"title\": .*/\"title\": \"Pump of both\",/") + " \"$1\"; }; f");
  CHECK(said.status == 0);
  CHECK(quarrel.shown().find(R"("title":"Pump of both","done":true,"note":"seen")") != std::string::npos);
}

TEST_CASE("where the conflict was resolved elsewhere meanwhile, that is said, and what was written is kept") {
  Quarrel quarrel;
  const std::string meanwhile = "sqlite3 " + quarrel.ann.path() +
                                " \"UPDATE tether_conflicts SET resolved_at = '2026-11-21T20:49:00.000Z', "
                                "resolution = 'theirs'\"; ";
  std::string text = "s/\"title\": .*/\"title\": \"Pump of both\",/";
  SUBCASE("with a text that could be used") {}
  SUBCASE("with one that cannot") {
    text = "s/\"title\": .*/\"title\": /";
  }
  const Said said = quarrel.edit("f() { " + meanwhile + sed(text) + " \"$1\"; }; f");
  CHECK(said.status == 1);
  CHECK(said.err.find("What you wrote is kept in " + quarrel.draft() + ". The conflict was resolved meanwhile. To") !=
        std::string::npos);
  CHECK(said.err.find("stays open") == std::string::npos);
  CHECK(std::filesystem::exists(quarrel.draft()));
}

TEST_CASE("a text written over an earlier state is shown beneath the present one, and counts for nothing") {
  const Disputed before = dispute(R"({"a":1})", R"({"a":2})", R"({"a":3})", R"({"a":3})");
  const Disputed now = dispute(R"({"a":1})", R"({"a":2})", R"({"a":3})", R"({"a":4})");
  const std::string written = text_to_edit(before);
  CHECK(is_made_over(written, before));
  CHECK_FALSE(is_made_over(written, now));
  const std::string text = text_to_edit_again(now, written);
  CHECK(is_made_over(text, now));
  CHECK(text.ends_with("\n# The record changed. This was written before:\n#   {\n#     \"a\": 2\n#   }\n"));
  CHECK(edited_object(text) == edited_object(text_to_edit(now)));
  const Disputed later = dispute(R"({"a":1})", R"({"a":2})", R"({"a":3})", R"({"a":5})");
  CHECK(text_to_edit_again(later, text)
            .ends_with("\n# The record changed. This was written before:\n#   {\n#     \"a\": 4\n#   }\n"
                       "\n# The record changed. This was written before:\n#   {\n#     \"a\": 2\n#   }\n"));
}

TEST_CASE("a field that no record may have is refused, and the text kept") {
  Quarrel quarrel;
  CHECK(quarrel.edit(sed("s/\"title\": /\"tether_id\": /")).status == 1);
  CHECK(std::filesystem::exists(quarrel.draft()));
  CHECK(quarrel.is_open());
}

TEST_CASE("the editor goes with one conflict and no other choice") {
  Quarrel quarrel;
  quarrel.ann.editor = "false";
  CHECK(quarrel.ann.type({"conflicts", "resolve", quarrel.id, "--edit", "--mine"}).status == 2);
  CHECK(quarrel.ann.type({"conflicts", "resolve", "--all", "--edit"}).status == 2);
}

}  // namespace tether::cmd
