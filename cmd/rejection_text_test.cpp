// SPDX-License-Identifier: MIT
#include "cmd/rejection_text.hpp"

#include <doctest/doctest.h>

namespace tether::cmd {

TEST_CASE("a rejection names its reason and the first message of each field") {
  CHECK(rejection_text("not_found", "{}") == "not_found");
  CHECK(rejection_text("validation_failed",
                       R"({"messages":{"title":["must not be empty","is short"],"owner":["is unknown"]}})") ==
        "validation_failed: title: must not be empty; owner: is unknown");
  CHECK(rejection_text("forbidden", R"({"message":"this model is read-only"})") ==
        "forbidden: this model is read-only");
}

TEST_CASE("after five fields it is enough") {
  CHECK(rejection_text("v", R"({"messages":{"a":"1","b":"2","c":"3","d":"4","e":"5","f":"6"}})") ==
        "v: a: 1; b: 2; c: 3; d: 4; e: 5; …");
}

TEST_CASE("messages of another form than agreed are shown as they are") {
  CHECK(rejection_text("v", R"({"messages":{"a":[ "spaced" ],"b":[],"c":7,"d":{"x":1}}})") ==
        "v: a: spaced; b: []; c: 7; d: {\"x\":1}");
  CHECK(rejection_text("v", R"({"messages":["no","fields"]})") == "v");
  CHECK(rejection_text("v", R"({"messages":{}})") == "v");
  CHECK(rejection_text("v", R"({"message":7})") == "v");
}

TEST_CASE("escapes are read, and control characters made visible") {
  CHECK(rejection_text("v", R"({"messages":{"a":["say \"no\" \\ \u001b[2J"]}})") == "v: a: say \"no\" \\ \\x1b[2J");
  CHECK(rejection_text("bad\x1b[2J", "{}") == "bad\\x1b[2J");
}

}  // namespace tether::cmd
