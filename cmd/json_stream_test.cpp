// SPDX-License-Identifier: MIT
#include "cmd/json_stream.hpp"

#include <doctest/doctest.h>

namespace tether::cmd {
namespace {

std::string printed(const std::function<void(Terminal&)>& print) {
  std::string out;
  Terminal terminal([&](std::string_view text) { out += text; }, [](std::string_view) {});
  print(terminal);
  terminal.flush();
  return out;
}

TEST_CASE("an object is printed with arrays of any length between its members") {
  CHECK(printed([](Terminal& terminal) {
          JsonStream stream(terminal, std::move(JsonObject().integer("a", 1)));
          stream.begin_array("none");
          stream.end_array();
          stream.begin_array("two");
          stream.item("1");
          stream.item("{}");
          stream.end_array();
          stream.finish(std::move(JsonObject().boolean("z", true)));
        }) == "{\"a\":1,\"none\":[],\"two\":[1,{}],\"z\":true}\n");
}

TEST_CASE("an object may begin with an array, and have nothing behind it") {
  CHECK(printed([](Terminal& terminal) {
          JsonStream stream(terminal, {});
          stream.begin_array("ids");
          stream.item("\"x\"");
          stream.end_array();
          stream.finish();
        }) == "{\"ids\":[\"x\"]}\n");
}

TEST_CASE("what is long is handed over while it is printed") {
  std::size_t largest = 0;
  Terminal terminal([&](std::string_view text) { largest = std::max(largest, text.size()); }, [](std::string_view) {});
  JsonStream stream(terminal, {});
  stream.begin_array("ids");
  for (int i = 0; i < 100'000; ++i) stream.item("\"0123456789\"");
  stream.end_array();
  stream.finish();
  terminal.flush();
  CHECK(largest < 70'000);
}

}  // namespace
}  // namespace tether::cmd
