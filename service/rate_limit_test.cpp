// SPDX-License-Identifier: MIT
#include "service/rate_limit.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace tether::service;
using namespace std::chrono_literals;

namespace {

const std::chrono::steady_clock::time_point k_start{1'000s};

int passed(RateLimit& limit, const std::string& client, int requests, std::chrono::steady_clock::time_point now) {
  int count = 0;
  for (int i = 0; i < requests; ++i) count += limit.wait(client, now) ? 0 : 1;
  return count;
}

}  // namespace

TEST_CASE("a quiet client may send ten seconds' worth at once, then its rate") {
  RateLimit limit(5, "salt");
  CHECK(passed(limit, "ann", 100, k_start) == 50);
  CHECK(passed(limit, "ann", 100, k_start + 1s) == 5);
  CHECK(passed(limit, "ann", 100, k_start + 3s) == 10);
  CHECK(passed(limit, "ann", 100, k_start + 1h) == 50);
}

TEST_CASE("who is refused is told when to come back, and passes then") {
  RateLimit limit(4, "salt");
  CHECK(passed(limit, "ann", 40, k_start) == 40);
  CHECK(limit.wait("ann", k_start) == 250ms);
  CHECK(limit.wait("ann", k_start + 100ms) == 150ms);
  CHECK(limit.wait("ann", k_start + 250ms) == std::nullopt);
  CHECK(limit.wait("ann", k_start + 250ms) == 250ms);
}

TEST_CASE("one client's haste does not slow another, nor do names that are made up") {
  RateLimit limit(1, "salt");
  CHECK(passed(limit, "hasty", 1'000, k_start) == 10);
  for (int i = 0; i < 1'000; ++i) limit.wait("made up " + std::to_string(i), k_start);
  CHECK(passed(limit, "calm", 1, k_start) == 1);
}

TEST_CASE("a rate of nothing is no limit") {
  RateLimit limit(0, "salt");
  CHECK(passed(limit, "ann", 100'000, k_start) == 100'000);
}

TEST_CASE("many threads together get no more than one") {
  RateLimit limit(100, "salt");
  std::atomic<int> count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { count += passed(limit, "ann", 1'000, k_start); });
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 1'000);
}
