// SPDX-License-Identifier: MIT
#include "service/world.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "base/error.hpp"

using namespace tether;
using namespace tether::service;

namespace {

World world_of(const Texts& variables) {
  return make_world([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace

TEST_CASE("time and chance can be fixed, and it is said that they are") {
  World world = world_of({{"TETHER_NOW", "2030-01-01T00:00:00Z"}, {"TETHER_SEED", "7"}});
  CHECK(rfc3339_ms(world.clock->now()) == "2030-01-01T00:00:00.000Z");
  CHECK(rfc3339_ms(world.clock->now()) == "2030-01-01T00:00:00.001Z");
  CHECK(world.random->next() == SeededRandom(7).next());
  CHECK(world.warnings.size() == 2);
}

TEST_CASE("without the variables both are the machine's") {
  World world = world_of({});
  CHECK(world.clock->now() > parse_rfc3339("2025-01-01T00:00:00Z"));
  CHECK(world.random->next() != world.random->next());
  CHECK(world.warnings.empty());
}

TEST_CASE("what cannot be read is wrong usage") {
  CHECK_THROWS_WITH_AS(world_of({{"TETHER_SEED", "lucky"}}), "$TETHER_SEED: 'lucky' is no whole number", Error);
  CHECK_THROWS_WITH_AS(world_of({{"TETHER_SEED", "1 "}}), "$TETHER_SEED: '1 ' is no whole number", Error);
  CHECK_THROWS_AS(world_of({{"TETHER_NOW", "yesterday"}}), Error);
}

TEST_CASE("no two threads get the same reading") {
  World world = world_of({{"TETHER_NOW", "2030-01-01T00:00:00Z"}});
  std::mutex mutex;
  std::set<Instant> readings;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        const Instant now = world.clock->now();
        const std::lock_guard lock(mutex);
        readings.insert(now);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(readings.size() == 2'000);
}
