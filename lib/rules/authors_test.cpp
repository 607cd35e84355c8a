// SPDX-License-Identifier: MIT
#include "rules/authors.hpp"

#include "rules/resolve_fixture.hpp"

namespace tether::rules {
namespace {

using namespace fixture;
using Lines = std::vector<std::string>;

const ClientId cy{"cy"};

/// `ben 2 at 20: title done`
Lines lines(const Authors& authors) {
  Lines out;
  for (const Author& author : authors) {
    std::string line = author.client.value + " " + std::to_string(author.written_version) + " at " +
                       std::to_string(author.written_at_ms) + ":";
    for (const std::string& field : author.fields) line += " " + field;
    out.push_back(std::move(line));
  }
  return out;
}

/// A record and the edits of it, each of which had seen all before it. The version of the n-th is n, its time 10 n.
struct History {
  Record record;
  std::int64_t edits = 0;

  Record& edit(const ClientId& writer, Operation operation, std::string payload, Model model = {}) {
    Mutation mutation{.operation = operation, .payload = std::move(payload), .version = ++edits};
    mutation.base_rev = record.rev;
    record = applied(resolve(mutation, record, {writer, edits * 10}, model)).after;
    return record;
  }
  Lines authors() const { return lines(record.authors); }
};

TEST_CASE("who made a record wrote all of it, and needs not be named") {
  History history;
  history.edit(ann, C, R"({"title":"pump","done":false})");
  CHECK(history.authors().empty());
  history.edit(ann, U, R"({"title":"hose"})");
}

TEST_CASE("a delete leaves what it deletes to the edit that wrote it, of its own writer, too") {
  History history;
  history.edit(ann, C, R"({"title":"pump","done":false})");
  history.edit(ann, D, "{}");
  CHECK(history.authors() == Lines{"ann 1 at 10: title done"});
  CHECK(history.record.authors.front().rev == Rev{1});
}

TEST_CASE("what was not seen is found by who wrote it, by its revision, and by what was seen instead") {
  History history;
  history.edit(ann, C, R"({"title":"pump","note":"a","done":false})");
  history.edit(ben, U, R"({"title":"valve"})");
  history.edit(ann, U, R"({"done":true})");
  const Record& record = history.record;
  const Lines all = {"title", "note", "done"};
  CHECK(last_unseen_edit(record, {ann, Rev{1}, 4}) == 20);
  CHECK(unseen_fields(record, all, {ann, Rev{1}, 4}) == Lines{"title"});
  CHECK_FALSE(last_unseen_edit(record, {ann, Rev{2}, 4}));
  CHECK(unseen_fields(record, all, {ann, Rev{2}, 4}).empty());
  CHECK(last_unseen_edit(record, {ann, Rev{2}, 4, R"({"title":"hose"})"}) == 20);
  CHECK(unseen_fields(record, all, {ann, Rev{2}, 4, R"({"title":"hose"})"}) == Lines{"title"});
  CHECK(unseen_fields(record, all, {ann, Rev{1}, 4, R"({"title":"valve"})"}).empty());
  CHECK(last_unseen_edit(record, {cy, Rev{2}, 1}) == 30);
  CHECK(unseen_fields(record, all, {cy, Rev{2}, 1}) == Lines{"note", "done"});
  CHECK(unseen_fields(record, all, {cy, std::nullopt, 1}) == Lines{"note", "done", "title"});
  CHECK(last_unseen_edit(record, {ann, Rev{2}, 3}) == 30);  // a copy of ann's file
}

TEST_CASE("what an edit leaves alone stays its author's, what it changes or adds becomes its writer's") {
  History history;
  history.edit(ann, C, R"({"title":"pump","note":"a","done":false})");
  history.edit(ben, U, R"({"title":"valve","note":"a","done":false})");
  CHECK(history.authors() == Lines{"ann 1 at 10: note done"});
  history.edit(cy, U, R"({"done":true,"pin":7})");
  CHECK(history.authors() == Lines{"ben 2 at 20: title", "ann 1 at 10: note"});
  history.edit(ann, U, R"({"pin":8})");
  CHECK(history.authors() == Lines{"cy 3 at 30: done", "ben 2 at 20: title"});
}

TEST_CASE("a client stands there once, with its last edit, whatever it wrote when") {
  History history;
  history.edit(ann, C, R"({"title":"pump","note":"a"})");
  history.edit(ben, U, R"({"title":"valve"})");
  history.edit(ann, U, R"({"pin":7})");
  CHECK(history.authors() == Lines{"ben 2 at 20: title"});
  history.edit(cy, U, R"({"size":1})");
  CHECK(history.authors() == Lines{"ann 3 at 30: note pin", "ben 2 at 20: title"});
}

TEST_CASE("the same value in another text stays who wrote it first") {
  History history;
  history.edit(ann, C, R"({"t\u0069tle":"pump"})");
  history.edit(ben, U, R"({"title":"p\u0075mp"})");
  CHECK(history.authors() == Lines{"ann 1 at 10: title"});
}

TEST_CASE("a deleted record remembers who wrote it, and one that is made anew does not") {
  History history;
  history.edit(ann, C, R"({"title":"pump","done":false})");
  history.edit(ben, U, R"({"title":"valve"})");
  history.edit(cy, D, "{}");
  CHECK(history.authors() == Lines{"ben 2 at 20: title", "ann 1 at 10: done"});
  CHECK(lines(by_author(history.record, {"title", "done"})) == Lines{"cy 3 at 30: title done"});
  History revived = history;
  revived.edit(cy, U, R"({"done":true})", {.delete_policy = DeletePolicy::edit_wins});
  CHECK(revived.authors() == Lines{"ben 2 at 20: title"});
  history.edit(cy, C, R"({"title":"valve"})");
  CHECK(history.authors().empty());
}

TEST_CASE("fields are told apart by who wrote them, the last writer's first") {
  History history;
  history.edit(ann, C, R"({"title":"pump","note":"a","done":false})");
  history.edit(ben, U, R"({"title":"valve"})");
  CHECK(lines(by_author(history.record, {"done", "title"})) == Lines{"ben 2 at 20: title", "ann 1 at 10: done"});
  CHECK(lines(by_author(history.record, {"done"})) == Lines{"ann 1 at 10: done"});
  CHECK(by_author(history.record, {}).empty());
}

TEST_CASE("a merge and a verdict leave to their authors what they leave as it is") {
  History history;
  history.edit(ann, C, R"({"title":"pump","done":false,"note":"a"})");
  history.edit(ben, U, R"({"title":"valve"})");
  Mutation edit{.operation = U, .payload = R"({"title":"pump","done":true,"note":"a"})", .version = 1};
  edit.base_rev = Rev{1};
  edit.before = R"({"done":false})";
  const Writer writer{cy, 30};
  const Lines left = {"ben 2 at 20: title", "ann 1 at 10: note"};
  CHECK(lines(applied(resolve(edit, history.record, writer, with_policy(Policy::merge))).after.authors) == left);
  const Verdict verdict = Apply{R"({"done":null})"};
  CHECK(lines(applied(resolve(edit, history.record, writer, with_policy(Policy::exec), &verdict)).after.authors) ==
        left);
}

}  // namespace
}  // namespace tether::rules
