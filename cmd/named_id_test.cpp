// SPDX-License-Identifier: MIT
#include "cmd/named_id.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

namespace tether::cmd {

namespace {

std::string found(std::string_view typed, const std::vector<std::string>& ids) {
  NamedId name(typed);
  for (const std::string& id : ids) name.offer(id, id);
  return name.only_one("failed mutation", "Look again.");
}

std::string refusal(std::string_view typed, const std::vector<std::string>& ids) {
  try {
    return "found " + found(typed, ids);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::not_found);
    return e.what();
  }
}

}  // namespace

TEST_CASE("an id is named by the whole of it or by a beginning that only it has") {
  CHECK(found("01ARZ3NDEKTSV4RRFFQ69G5FAV", {"01ARZ3NDEKTSV4RRFFQ69G5FAV"}) == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  CHECK(found("01ARZ3NDE", {"01BX5ZZKBK", "01ARZ3NDEK"}) == "01ARZ3NDEK");
  CHECK(found("01arz3nde", {"01ARZ3NDEK"}) == "01ARZ3NDEK");
}

TEST_CASE("a beginning shorter than six characters names nothing") {
  CHECK(refusal("01ARZ", {"01ARZ3NDEK"}) == "no failed mutation is called 01ARZ");
  CHECK(refusal("", {"01ARZ3NDEK"}) == "no failed mutation is called ");
}

TEST_CASE("a beginning that several have is refused with their ids") {
  CHECK(refusal("01ARZ3", {"01ARZ3A", "01ARZ3B"}) == "01ARZ3 names more than one failed mutation: 01ARZ3A, 01ARZ3B");
}

TEST_CASE("the whole of a short id goes before beginnings of longer ones") {
  CHECK(found("pump-7", {"pump-71", "pump-7", "pump-72"}) == "pump-7");
  CHECK(found("x", {"x", "xyz"}) == "x");
}

TEST_CASE("one thing under two names is one thing") {
  NamedId name("01ARZ3");
  name.offer("conflict", "01ARZ3NDEK");
  name.offer("conflict", "01ARZ3NDEKTSV4");
  CHECK(name.only_one("conflict", "") == "conflict");
}

TEST_CASE("what was typed cannot steer the terminal") {
  CHECK(refusal("01\x1b[2J", {}) == "no failed mutation is called 01\\x1b[2J");
}

}  // namespace tether::cmd
