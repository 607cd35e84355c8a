// SPDX-License-Identifier: MIT
#include "rules/local_state.hpp"

#include <doctest/doctest.h>

namespace tether::rules {
namespace {

using protocol::Operation;

const LocalState unknown{};
const LocalState pump{.exists = true, .payload = R"({"title":"pump","done":false})"};
const LocalState deleted_pump{.exists = true, .deleted = true, .payload = R"({"title":"pump","done":false})"};

TEST_CASE("a create makes the entity") {
  CHECK(after(unknown, Operation::create, R"({"a":1})", std::nullopt) ==
        LocalState{.exists = true, .payload = R"({"a":1})"});
}

TEST_CASE("a create over a deleted entity starts anew") {
  CHECK(after(deleted_pump, Operation::create, R"({"a":1})", std::nullopt) ==
        LocalState{.exists = true, .payload = R"({"a":1})"});
}

TEST_CASE("a create over what someone else made meanwhile is laid over it") {
  CHECK(after(pump, Operation::create, R"({"title":"valve"})", std::nullopt).payload ==
        R"({"title":"valve","done":false})");
}

TEST_CASE("of an update only the fields that it changed are laid over") {
  const auto state = after(pump, Operation::update, R"({"title":"stale","done":true})", R"({"done":false})");
  CHECK(state.payload == R"({"title":"pump","done":true})");
}

TEST_CASE("an update of an adopted log, without earlier values, is laid over whole") {
  const auto state = after(pump, Operation::update, R"({"title":"valve"})", std::nullopt);
  CHECK(state.payload == R"({"title":"valve","done":false})");
}

TEST_CASE("an update of what is deleted or unknown changes nothing") {
  CHECK(after(deleted_pump, Operation::update, R"({"title":"x"})", std::nullopt) == deleted_pump);
  CHECK(after(unknown, Operation::update, R"({"title":"x"})", std::nullopt) == unknown);
}

TEST_CASE("a delete keeps the last payload") {
  CHECK(after(pump, Operation::remove, "{}", std::nullopt) == deleted_pump);
  CHECK(after(unknown, Operation::remove, "{}", std::nullopt) == unknown);
}

TEST_CASE("what the server took later takes its fields from an older edit that is open, and leaves it the others") {
  const LocalState server{.exists = true, .payload = R"({"title":"hose","by":"ben"})"};
  const LocalState shown{.exists = true, .payload = R"({"title":"WRONG","by":"ben","done":true,"note":"x"})"};
  CHECK(after_taken(shown, server, Operation::update, "{}", R"({"title":"pump","note":null})") ==
        LocalState{.exists = true, .payload = R"({"title":"hose","by":"ben","done":true})"});
  CHECK(after_taken(shown, server, Operation::update, R"({"title":"hose"})", std::nullopt).payload ==
        R"({"title":"hose","by":"ben","done":true,"note":"x"})");
}

TEST_CASE("a delete that the server took later leaves nothing of an older edit, and what it revived shows again") {
  CHECK(after_taken(pump, deleted_pump, Operation::remove, "{}", std::nullopt) == deleted_pump);
  CHECK(after_taken(deleted_pump, pump, Operation::create, R"({"title":"pump"})", std::nullopt) == pump);
}

TEST_CASE("where someone else deleted it since, an older create that is open shows") {
  CHECK(after_taken(pump, deleted_pump, Operation::update, "{}", R"({"done":true})") == pump);
}

}  // namespace
}  // namespace tether::rules
