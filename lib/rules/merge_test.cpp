// SPDX-License-Identifier: MIT
#include "rules/merge.hpp"

#include <doctest/doctest.h>

#include "protocol/payload.hpp"
#include "rules/merge_fixture.hpp"

namespace tether::rules {
namespace {

/// What is stored of it, when nothing was lost; "disputed" when a person has to decide.
std::string both(Strategy strategy, const Field& field) {
  const auto result = merged(strategy, field);
  CHECK(result.lost_ours.empty());
  CHECK(result.lost_theirs.empty());
  if (!result.disputed.empty()) {
    CHECK(result.disputed == Names{"f"});
    CHECK(result.payload == object(field.theirs));
    return "disputed";
  }
  return std::string(protocol::find_member(result.payload, "f"));
}

TEST_CASE("every strategy has the name that a models file gives it") {
  CHECK(strategy_names() == std::vector<std::string_view>{"lww", "server", "client", "max", "min", "counter", "set",
                                                          "append", "text", "manual"});
  for (const auto text : strategy_names()) CHECK(name(strategy_named(text).value()) == text);
  CHECK_FALSE(strategy_named("LWW"));
  CHECK_FALSE(strategy_named(""));
}

TEST_CASE("a field has its own strategy, or that of all others, or lww") {
  Strategies strategies;
  CHECK(strategies.of("total") == Strategy::lww);
  strategies.set("total", Strategy::counter);
  strategies.set("tags", Strategy::set);
  strategies.set("*", Strategy::manual);
  strategies.set("total", Strategy::max);
  CHECK(strategies.of("total") == Strategy::max);
  CHECK(strategies.of("tags") == Strategy::set);
  CHECK(strategies.of("title") == Strategy::manual);
}

TEST_CASE("fields that only one side changed are both kept, as they were written") {
  const auto result = merge({.before = R"({"title":"pump"})",
                             .ours = R"({"title":"Pumpe \u00e9","done":false,"n":1})",
                             .theirs = R"({"n":2.0,"title":"pump","done":true})"},
                            all(Strategy::manual));
  CHECK(result.payload == R"({"n":2.0,"title":"Pumpe \u00e9","done":true})");
  CHECK(result.lost_ours.empty());
  CHECK(result.lost_theirs.empty());
  CHECK(result.disputed.empty());
}

TEST_CASE("new fields stand behind those that are there, in the order of ours") {
  const auto result = merge(
      {.before = R"({"c":null,"b":null})", .ours = R"({"b":1,"a":0,"c":2})", .theirs = R"({"z":0})"}, Strategies());
  CHECK(result.payload == R"({"z":0,"b":1,"c":2})");
}

TEST_CASE("an edit that changed nothing leaves the record as it is written") {
  const std::string theirs = R"({ "a" : 1, "b":2 })";
  CHECK(merge({.before = "{}", .ours = R"({"a":7})", .theirs = theirs}, Strategies()).payload == theirs);
  CHECK(merge({.before = R"({"a":7})", .ours = R"({"a":7})", .theirs = theirs}, Strategies()).payload == theirs);
  CHECK(merge({.before = R"({"a":7})", .ours = "{}", .theirs = theirs}, Strategies()).payload == theirs);
}

TEST_CASE("a field counts as unchanged however its value is written") {
  CHECK(both(Strategy::manual, {R"({"x":1,"y":"é"})", "3", R"({ "y":"\u00e9", "x":1 })"}) == "3");
  CHECK(both(Strategy::manual, {"null", "3", "null"}) == "3");
}

TEST_CASE("names are told unescaped, and fields found however they are escaped") {
  Strategies strategies;
  strategies.set("café", Strategy::server);
  const auto result = merge(
      {.before = R"({"caf\u00e9":1})", .ours = R"({"café":2})", .theirs = R"({"c\u0061fé":3})", .ours_is_later = true},
      strategies);
  CHECK(result.payload == R"({"c\u0061fé":3})");
  CHECK(result.lost_ours == Names{"café"});
}

TEST_CASE("both sides setting the same value is no dispute") {
  for (const auto strategy : {Strategy::lww, Strategy::server, Strategy::client, Strategy::max, Strategy::min,
                              Strategy::set, Strategy::text, Strategy::manual}) {
    CAPTURE(name(strategy));
    CHECK(both(strategy, {"1", R"("\u0078")", R"("x")"}) == R"("x")");
  }
}

TEST_CASE("of two values the one that does not stand is lost, and is named") {
  struct Case {
    Strategy strategy;
    bool ours_is_later;
    bool ours_stands;
  };
  const Case cases[] = {
      {Strategy::lww, true, true},      {Strategy::lww, false, false},  {Strategy::server, true, false},
      {Strategy::server, false, false}, {Strategy::client, true, true}, {Strategy::client, false, true},
  };
  for (const auto& [strategy, ours_is_later, ours_stands] : cases) {
    CAPTURE(name(strategy));
    const auto result = merged(strategy, {"1", R"("ours")", "[3]"}, ours_is_later);
    CHECK(result.payload == (ours_stands ? R"({"f":"ours"})" : R"({"f":[3]})"));
    CHECK(result.lost_ours == (ours_stands ? Names{} : Names{"f"}));
    CHECK(result.lost_theirs == (ours_stands ? Names{"f"} : Names{}));
    CHECK(result.disputed.empty());
  }
}

TEST_CASE("a value that someone cleared is lost too, one that was never there is not") {
  CHECK(merged(Strategy::client, {"1", "2", "null"}).lost_theirs == Names{"f"});
  const auto result = merge({.before = R"({"f":1})", .ours = R"({"f":2})", .theirs = "{}"}, all(Strategy::client));
  CHECK(result.payload == R"({"f":2})");
  CHECK(result.lost_theirs.empty());
  CHECK(merged(Strategy::server, {"1", "null", "2"}).lost_ours == Names{"f"});
}

TEST_CASE("max and min take a number as it was written") {
  const auto larger = merged(Strategy::max, {"0", "1e2", "99.50"});
  CHECK(larger.payload == R"({"f":1e2})");
  CHECK(larger.lost_theirs == Names{"f"});
  const auto smaller = merged(Strategy::min, {"0", "1e2", "99.50"});
  CHECK(smaller.payload == R"({"f":99.50})");
  CHECK(smaller.lost_ours == Names{"f"});
  CHECK(merged(Strategy::max, {"0", "9007199254740993", "9007199254740992"}).payload == R"({"f":9007199254740993})");
  CHECK(merged(Strategy::min, {"null", "-123456789012345678901234567890", "-1"}).payload ==
        R"({"f":-123456789012345678901234567890})");
  CHECK(merged(Strategy::min, {"0", "1.7976931348623157e308", "5e-324"}).payload == R"({"f":5e-324})");
}

TEST_CASE("of one number written in two ways, the shorter stands and nothing is lost") {
  CHECK(both(Strategy::max, {"0", "2.0", "2"}) == "2");
  CHECK(both(Strategy::max, {"0", "2", "2.0"}) == "2");
  CHECK(both(Strategy::min, {"0", "2E0", "2e0"}) == "2E0");
}

TEST_CASE("a counter counts both differences, exactly") {
  CHECK(both(Strategy::counter, {"5", "6", "7"}) == "8");
  CHECK(both(Strategy::counter, {"5", "6", "6"}) == "7");
  CHECK(both(Strategy::counter, {"5", "4", "-3"}) == "-4");
  CHECK(both(Strategy::counter, {"0", "0.1", "0.2"}) == "0.3");
  CHECK(both(Strategy::counter, {"2", "3", "2.50"}) == "3.50");
  CHECK(both(Strategy::counter, {"9223372036854775807", "9223372036854775808", "9223372036854775809"}) ==
        "9223372036854775810");
  CHECK(both(Strategy::counter, {"0", "123456789012345678901234567890", "0.000000000000000000000000000001"}) ==
        "123456789012345678901234567890.000000000000000000000000000001");
  CHECK(both(Strategy::counter, {"0", "1e3", "1"}) == "1001");
  CHECK(both(Strategy::counter, {"0", "6.02e23", "1"}) == "602000000000000000000001");
}

TEST_CASE("a counter that was not there counts from 0") {
  CHECK(both(Strategy::counter, {"null", "2", "3"}) == "5");
  CHECK(both(Strategy::counter, {"null", "2", "2"}) == "4");
}

TEST_CASE("a counter comes out in as many digits as a payload holds, but an exponent does not blow it up") {
  const std::string nines(20'000, '9');
  CHECK(both(Strategy::counter, {"0", nines, "1"}) == "1" + std::string(20'000, '0'));
  CHECK(both(Strategy::counter, {"0", "1e300", "1"}) == "disputed");
  CHECK(both(Strategy::counter, {"0", "1e-300", "1"}) == "disputed");
  CHECK(both(Strategy::counter, {"0", "1e999999999", "1"}) == "disputed");
  CHECK(both(Strategy::counter, {"1e-999999999", "2", "1"}) == "disputed");
  CHECK(both(Strategy::max, {"0", "1e999999999", "1"}) == "disputed");
  CHECK(both(Strategy::min, {"0", "1", "-1e999999999"}) == "disputed");
}

TEST_CASE("a set keeps what is there and what was added, less what was removed") {
  CHECK(both(Strategy::set, {R"(["a","b","c"])", R"(["a","c","d"])", R"(["c","a","b","e"])"}) ==
        R"(["c","a","e","d"])");
  CHECK(both(Strategy::set, {R"(["a"])", "[]", R"(["a","b"])"}) == R"(["b"])");
  CHECK(both(Strategy::set, {"null", "[1]", "[2]"}) == "[2,1]");
  CHECK(both(Strategy::set, {"[1]", "[1,2]", "[]"}) == "[2]");
  CHECK(both(Strategy::set, {"[1,2]", "[1]", "[2]"}) == "[]");
}

TEST_CASE("elements of a set are the same however they are written, and come back as they were") {
  CHECK(both(Strategy::set, {"[]", R"([{"id":1,"t":"é"},"x"])", R"([ {"t":"\u00e9", "id":1} , 2.0 ])"}) ==
        R"([{"t":"\u00e9", "id":1},2.0,"x"])");
  CHECK(both(Strategy::set, {"[]", "[1,1,2,2]", "[3,3,1]"}) == "[3,1,2]");
  CHECK(both(Strategy::set, {"[]", "[[1,2]]", "[[2,1],[ 1, 2 ]]"}) == "[[2,1],[ 1, 2 ]]");
  CHECK(both(Strategy::set, {"[]", R"(["1",null])", "[1,[]]"}) == R"([1,[],"1",null])");
}

TEST_CASE("what was put behind the base goes behind what is there, also when both put the same") {
  CHECK(both(Strategy::append, {R"(["a"])", R"(["a","b"])", R"(["a", "c"])"}) == R"(["a","c","b"])");
  CHECK(both(Strategy::append, {"[1]", "[1,2]", "[1,2]"}) == "[1,2,2]");
  CHECK(both(Strategy::append, {"null", "[1]", "[2]"}) == "[2,1]");
  CHECK(both(Strategy::append, {R"([{"a":1}])", R"([ {"a": 1}, 2 ])", "[]"}) == "[2]");
  CHECK(both(Strategy::append, {R"("log: ")", R"("log: b")", R"("log: a")"}) == R"("log: ab")");
  CHECK(both(Strategy::append, {R"("caf\u00e9")", R"("café\n\"")", R"("\u0000\/")"}) == R"("\u0000/\n\"")");
  CHECK(both(Strategy::append, {"null", R"("x")", R"("x")"}) == R"("xx")");
}

TEST_CASE("what is no longer behind the base is for a person") {
  CHECK(both(Strategy::append, {"[1,2]", "[1]", "[1,2,3]"}) == "disputed");
  CHECK(both(Strategy::append, {"[1,2]", "[2,1,3]", "[1,2,3]"}) == "disputed");
  CHECK(both(Strategy::append, {R"("log")", R"("Log!")", R"("log.")"}) == "disputed");
}

TEST_CASE("texts are merged line by line behind their escapes") {
  CHECK(both(Strategy::text, {R"("a\nb\nc\n")", R"("A \"\u00e9\"\nb\nc\n")", R"("a\u000ab\nC\\\t\u0001")"}) ==
        R"("A \"é\"\nb\nC\\\t\u0001")");
  CHECK(both(Strategy::text, {R"("a\r\nb\r\nc")", R"("A\r\nb\r\nc")", R"("a\r\nb\r\n\ud83d\ude00")"}) ==
        R"("A\r\nb\r\n😀")");
  CHECK(both(Strategy::text, {R"("a\nb\n")", R"("x\nb\n")", R"("y\nb\n")"}) == "disputed");
  CHECK(both(Strategy::text, {"null", R"("x")", R"("y")"}) == "disputed");
}

TEST_CASE("values of a kind that a strategy cannot work on are for a person") {
  const std::string_view values[] = {"7", R"("x")", "true", "null", R"({"a":1})", "[1]"};
  for (const auto strategy :
       {Strategy::max, Strategy::min, Strategy::counter, Strategy::set, Strategy::append, Strategy::text}) {
    for (const auto ours : values) {
      for (const auto theirs : values) {
        if (ours.front() == theirs.front()) continue;
        CAPTURE(name(strategy));
        CAPTURE(ours);
        CAPTURE(theirs);
        CHECK(both(strategy, {"false", ours, theirs}) == "disputed");
      }
    }
  }
  CHECK(both(Strategy::counter, {R"("5")", "6", "7"}) == "disputed");
  CHECK(both(Strategy::counter, {"5", "6", "null"}) == "disputed");
  CHECK(both(Strategy::set, {"{}", "[1]", "[2]"}) == "disputed");
  CHECK(both(Strategy::append, {"[]", R"("a")", R"("b")"}) == "disputed");
  CHECK(both(Strategy::text, {"1", R"("a")", R"("b")"}) == "disputed");
}

TEST_CASE("one disputed field leaves all of the record as it is, and nothing is lost") {
  Strategies strategies;
  strategies.set("price", Strategy::manual);
  strategies.set("total", Strategy::counter);
  const std::string theirs = R"({"title":"t", "price":3, "total":8, "seen":true})";
  const auto result = merge({.before = R"({"title":"b","price":1,"total":5,"seen":false,"new":null})",
                             .ours = R"({"title":"o","price":2,"total":"x","seen":1,"new":1})",
                             .theirs = theirs},
                            strategies);
  CHECK(result.payload == theirs);
  CHECK(result.disputed == Names{"price", "total"});
  CHECK(result.lost_ours.empty());
  CHECK(result.lost_theirs.empty());
}

TEST_CASE("deep and large values are merged like others") {
  const auto deep = [](std::string_view core) {
    return std::string(60, '[') + std::string(core) + std::string(60, ']');
  };
  CHECK(both(Strategy::set, {"[]", deep("1"), deep("2")}) ==
        "[" + deep("2").substr(1, 119) + "," + deep("1").substr(1, 119) + "]");
  std::string many = "[0";
  for (int i = 1; i < 20'000; ++i) many += "," + std::to_string(i);
  CHECK(both(Strategy::set, {many + "]", many + ",\"ours\"]", many + ",\"theirs\"]"}) ==
        many + ",\"theirs\",\"ours\"]");
  CHECK(both(Strategy::append, {many + "]", many + ",\"ours\"]", many + ",\"theirs\"]"}) ==
        many + ",\"theirs\",\"ours\"]");
}

TEST_CASE("an object of very many fields is merged field by field") {
  std::string before = "{";
  std::string ours = "{";
  std::string theirs = "{";
  std::string expected = "{";
  for (int i = 0; i < 5'000; ++i) {
    const auto key = (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":";
    before += key + "1";
    ours += key + "2";
    theirs += key + (i % 2 == 0 ? "1" : "4");
    expected += key + (i % 2 == 0 ? "2" : "5");
  }
  const auto result =
      merge({.before = before + "}", .ours = ours + "}", .theirs = theirs + "}"}, all(Strategy::counter));
  CHECK(result.payload == expected + "}");
}

}  // namespace
}  // namespace tether::rules
