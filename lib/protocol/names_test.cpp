// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "protocol/codec.hpp"

using tether::protocol::FieldError;
using tether::protocol::parse_client_id;
using tether::protocol::parse_entity_id;
using tether::protocol::parse_model;
using tether::protocol::parse_mutation_id;

TEST_CASE("models are short names") {
  CHECK(parse_model("Task", "model").value == "Task");
  CHECK(parse_model("_task_2", "model").value == "_task_2");
  CHECK(parse_model(std::string(128, 'M'), "model").value.size() == 128);
  for (const std::string& text : {std::string(), std::string("2Tasks"), std::string("App\\Task"), std::string("Ta sk"),
                                  std::string("T\xc3\xa4sk"), std::string("Task\0", 5), std::string(129, 'M')}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_model(text, "model"), FieldError);
  }
}

TEST_CASE("entity ids are ULIDs or whatever else short the creator chose") {
  CHECK(parse_entity_id("01ARZ3NDEKTSV4RRFFQ69G5FAV", "id").value == "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  CHECK(parse_entity_id("inv/2026 \"7\" \xc3\xbc", "id").value == "inv/2026 \"7\" \xc3\xbc");
  CHECK(parse_entity_id(std::string(64, 'x'), "id").value.size() == 64);
  CHECK_THROWS_WITH(parse_entity_id("", "id"), "id: must be 1 to 64 bytes");
  CHECK_THROWS_AS(parse_entity_id(std::string(65, 'x'), "id"), FieldError);
  CHECK_THROWS_WITH(parse_entity_id({"a\0b", 3}, "id"), "id: must not hold control characters");
  CHECK_THROWS_AS(parse_entity_id("a\nb", "id"), FieldError);
  CHECK_THROWS_WITH(parse_entity_id("a\xff", "id"), "id: must be UTF-8");
}

TEST_CASE("mutation ids are ULIDs, kept as they were written") {
  CHECK(parse_mutation_id("01arz3ndektsv4rrffq69g5fav", "id").value == "01arz3ndektsv4rrffq69g5fav");
  CHECK_THROWS_WITH(parse_mutation_id("7", "mutation_id"), "mutation_id: must be a ULID of 26 characters");
  CHECK_THROWS_AS(parse_mutation_id("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "id"), FieldError);
}

TEST_CASE("client ids are any text of up to 128 bytes") {
  CHECK(parse_client_id("Ann's laptop", "client_id").value == "Ann's laptop");
  CHECK_THROWS_AS(parse_client_id("", "client_id"), FieldError);
  CHECK_THROWS_WITH(parse_client_id("\xed\xa0\x80", "client_id"), "client_id: must be UTF-8");
  CHECK_THROWS_AS(parse_client_id(std::string(129, 'x'), "client_id"), FieldError);
}

TEST_CASE("a field error carries its path beside the message") {
  try {
    parse_model("", "mutations[3].model");
    FAIL("accepted");
  } catch (const FieldError& e) {
    CHECK(e.path() == "mutations[3].model");
    CHECK(e.code() == tether::ErrorCode::invalid_input);
  }
}

TEST_CASE("operations have the names of the wire") {
  using tether::protocol::Operation;
  using tether::protocol::operation_named;
  CHECK(name(Operation::create) == "create");
  CHECK(name(Operation::update) == "update");
  CHECK(name(Operation::remove) == "delete");
  CHECK(operation_named("delete") == Operation::remove);
  CHECK_FALSE(operation_named("remove"));
  CHECK_FALSE(operation_named("DELETE"));
}
