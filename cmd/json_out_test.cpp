// SPDX-License-Identifier: MIT
#include "cmd/json_out.hpp"

#include <doctest/doctest.h>

namespace tether::cmd {
namespace {

TEST_CASE("an object stands on one line, however its payload was written") {
  JsonObject json;
  json.raw("payload", "{\"a\":{\n \"b\": 2.0,\r\n\t\"c\": \"x y\"\n}}");
  CHECK(std::move(json).finish() == R"({"payload":{"a":{"b":2.0,"c":"x y"}}})");
}

TEST_CASE("a payload that stands on one line keeps its very text") {
  JsonObject json;
  json.raw("payload", R"({"a" : [1.0, 2]})");
  CHECK(std::move(json).finish() == R"({"payload":{"a" : [1.0, 2]}})");
}

}  // namespace
}  // namespace tether::cmd
