// SPDX-License-Identifier: MIT
#include "service/request_body.hpp"

#include <doctest/doctest.h>

using namespace tether::service;

TEST_CASE("a body may be as long as its limit and not a byte longer") {
  BodyBudget budget(0, 1'000);
  RequestBody body(10, budget);
  CHECK(body.add("12345", 5));
  CHECK(body.add("67890", 5));
  CHECK(body.state() == RequestBody::State::sound);
  CHECK_FALSE(body.add("x", 1));
  CHECK(body.state() == RequestBody::State::too_large);
  CHECK_FALSE(body.add("", 0));
  CHECK(body.text() == "1234567890");
}

TEST_CASE("large bodies leave room for small ones") {
  const std::string chunk(200'000, 'x');
  BodyBudget budget(600'000, 300'000);
  RequestBody large(1'000'000, budget);
  for (int i = 0; i < 3; ++i) CHECK(large.add(chunk.data(), chunk.size()));
  RequestBody small(1'000'000, budget);
  CHECK(small.add(chunk.data(), chunk.size()));
  CHECK_FALSE(large.add(chunk.data(), chunk.size()));
}

TEST_CASE("bodies share one budget, and give back what they took") {
  BodyBudget budget(0, 12);
  {
    RequestBody first(10, budget);
    CHECK(first.add("12345678", 8));
    RequestBody second(10, budget);
    CHECK_FALSE(second.add("12345", 5));
    CHECK(second.state() == RequestBody::State::no_room);
  }
  RequestBody third(10, budget);
  CHECK(third.add("1234567890", 10));
}
