// SPDX-License-Identifier: MIT
#include "service/reply_budget.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "base/error.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;

TEST_CASE("a reply that there is no room for is refused after the wait") {
  ReplyBudget budget(100, 10ms);
  const auto held = budget.take(60);
  CHECK_THROWS_WITH_AS(budget.take(41), "too many replies wait for their clients to read them", Error);
  CHECK_NOTHROW(budget.take(40));
}

TEST_CASE("what a reply turned out not to need is there for others") {
  ReplyBudget budget(100, 10ms);
  auto held = budget.take(100);
  CHECK_THROWS_AS(budget.take(1), Error);
  held.resize(30);
  CHECK_NOTHROW(budget.take(70));
  held = {};
  CHECK_NOTHROW(budget.take(100));
}

TEST_CASE("a reply longer than was thought makes the next one wait") {
  ReplyBudget budget(100, 10ms);
  {
    auto held = budget.take(10);
    held.resize(150);
    CHECK_THROWS_AS(budget.take(1), Error);
  }
  CHECK_NOTHROW(budget.take(100));
}

TEST_CASE("a reply larger than all the room there is gets all of it") {
  ReplyBudget budget(100, 10ms);
  const auto held = budget.take(1'000'000);
  CHECK_THROWS_AS(budget.take(1), Error);
}

TEST_CASE("who waits goes on as soon as room is given back") {
  ReplyBudget budget(100, 10s);
  auto held = budget.take(100);
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    held = {};
  });
  const auto started = std::chrono::steady_clock::now();
  budget.take(100);
  CHECK(std::chrono::steady_clock::now() - started < 5s);
  other.join();
}
