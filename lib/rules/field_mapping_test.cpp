// SPDX-License-Identifier: MIT
#include "rules/field_mapping.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

namespace tether::rules {
namespace {

using protocol::Mutation;
using protocol::Operation;

FieldMapping mapping_of(std::initializer_list<std::pair<std::string, std::string>> settings) {
  FieldMappings mappings;
  for (const auto& [name, value] : settings) add_setting(mappings, "Task." + name, value);
  check_mapping(mappings["Task"]);
  return mappings["Task"];
}

Mutation update(std::string payload, std::string before) {
  Mutation mutation;
  mutation.operation = Operation::update;
  mutation.payload = std::move(payload);
  mutation.before = std::move(before);
  return mutation;
}

TEST_CASE("a mutation is sent with other names, without what stays here, and with what is forced") {
  const FieldMapping mapping = mapping_of({{"rename.title", "name"}, {"drop", "secret, note"}, {"set.source", "l7"}});
  const Mutation sent = mapping.to_wire(
      update(R"({"title":"Pump","secret":"x","done":true,"note":1})", R"({"title":"Old","note":null})"));
  CHECK(sent.payload == R"({"name":"Pump","done":true,"source":"l7"})");
  CHECK(sent.before == R"({"source":null,"name":"Old"})");
}

TEST_CASE("a forced value that was recorded is no change, and one that was overwritten is sent all the same") {
  const FieldMapping mapping = mapping_of({{"set.source", "l7"}});
  CHECK(mapping.to_wire(update(R"({"a":1,"source":"l7"})", R"({"a":0})")).before == R"({"a":0})");
  const Mutation sent = mapping.to_wire(update(R"({"a":1,"source":"by hand"})", R"({"source":"l7"})"));
  CHECK(sent.payload == R"({"a":1,"source":"l7"})");
  CHECK(sent.before == R"({"source":"l7"})");
}

TEST_CASE("a delete is sent as it is") {
  Mutation mutation;
  mutation.operation = Operation::remove;
  CHECK(mapping_of({{"set.source", "l7"}}).to_wire(mutation).payload == "{}");
}

TEST_CASE("values keep their very text") {
  const FieldMapping mapping = mapping_of({{"rename.a", "b"}, {"set.n", R"(:= [1.0, {"x" : 2}] )"}});
  CHECK(mapping.to_wire(update(R"({"a":1e22,"c\u0064":"\u00e9"})", "{}")).payload ==
        R"({"b":1e22,"c\u0064":"\u00e9","n":[1.0, {"x" : 2}]})");
}

TEST_CASE("what the server has comes back by the names here") {
  const FieldMapping mapping = mapping_of({{"rename.title", "name"}, {"drop", "secret"}});
  CHECK(mapping.from_wire(R"({"name":"Pump","done":true})") == R"({"title":"Pump","done":true})");
  CHECK(mapping.from_wire(R"({"title":"older","name":"Pump"})") == R"({"title":"Pump"})");
  CHECK(mapping.from_wire(R"({"title":"from before the rename"})") == R"({"title":"from before the rename"})");
  CHECK(mapping.name_here("name") == "title");
  CHECK(mapping.name_here("done") == "done");
}

TEST_CASE("two fields may change names") {
  const FieldMapping mapping = mapping_of({{"rename.a", "b"}, {"rename.b", "a"}});
  CHECK(mapping.to_wire(update(R"({"a":1,"b":2})", R"({"a":0})")).payload == R"({"b":1,"a":2})");
  CHECK(mapping.from_wire(R"({"b":1,"a":2})") == R"({"a":1,"b":2})");
}

TEST_CASE("a field whose name is taken on the wire stays here") {
  const FieldMapping mapping = mapping_of({{"rename.title", "name"}});
  CHECK(mapping.is_local("name"));
  CHECK(mapping.to_wire(update(R"({"title":"Pump","name":"mine"})", R"({"title":""})")).payload ==
        R"({"name":"Pump"})");
  CHECK(mapping.with_local_fields(mapping.from_wire(R"({"name":"Valve"})"), R"({"title":"Pump","name":"mine"})") ==
        R"({"title":"Valve","name":"mine"})");
}

TEST_CASE("a field that stays here keeps its value unless the server has one") {
  const FieldMapping mapping = mapping_of({{"drop", "secret"}});
  CHECK(mapping.with_local_fields(R"({"title":"Pump"})", R"({"title":"x","secret":1})") ==
        R"({"title":"Pump","secret":1})");
  CHECK(mapping.with_local_fields(R"({"secret":2})", R"({"secret":1})") == R"({"secret":2})");
}

TEST_CASE("an update of nothing but fields that stay here concerns nobody else") {
  const FieldMapping mapping = mapping_of({{"drop", "secret"}, {"set.source", "l7"}});
  CHECK(mapping.is_all_local(update(R"({"title":"a","secret":1})", R"({"secret":0})")));
  CHECK_FALSE(mapping.is_all_local(update(R"({"title":"a","secret":1})", R"({"secret":0,"title":"b"})")));
  CHECK_FALSE(mapping.is_all_local(update("{}", "{}")));
  Mutation create;
  create.payload = R"({"secret":1})";
  CHECK_FALSE(mapping.is_all_local(create));
}

TEST_CASE("what is no mapping is refused where it enters") {
  const std::vector<std::vector<std::pair<std::string, std::string>>> wrong{
      {{"rename", "x"}},
      {{"rename.", "x"}},
      {{"rename.a", ""}},
      {{"rename.a", "a"}},
      {{"rename.a", "tether_id"}},
      {{"rename.a", "c"}, {"rename.b", "c"}},
      {{"drop", ""}},
      {{"drop", "a,,b"}},
      {{"drop", "a"}, {"rename.a", "b"}},
      {{"drop", "a"}, {"set.a", "b"}},
      {{"set.a", ":="}},
      {{"set.a", ":=1,\"b\":2"}},
      {{"set.a", "\xff"}},
      {{"set.tether_id", "x"}},
      {{"set.name", "x"}, {"rename.title", "name"}},
      {{"hide.a", "x"}},
  };
  for (const auto& settings : wrong) {
    CAPTURE(settings.back().first);
    CAPTURE(settings.back().second);
    const auto add_all = [&] {
      FieldMappings mappings;
      for (const auto& [name, value] : settings) add_setting(mappings, "Task." + name, value);
      check_mapping(mappings["Task"]);
    };
    CHECK_THROWS_AS(add_all(), Error);
  }
  CHECK_THROWS_AS(parse_mapping_setting("9.drop"), Error);
  CHECK(parse_mapping_setting("Task.set.a.b").field == "a.b");
}

}  // namespace
}  // namespace tether::rules
