// SPDX-License-Identifier: MIT
#include "rules/backoff.hpp"

#include <doctest/doctest.h>

namespace tether::rules {
namespace {

using std::chrono::milliseconds;

const Backoff backoff{.first = milliseconds(200), .most = milliseconds(5'000)};

TEST_CASE("waits stay under a bound that doubles up to its most") {
  SeededRandom random(1);
  milliseconds longest_first{0};
  milliseconds longest_tenth{0};
  for (int i = 0; i < 2'000; ++i) {
    longest_first = std::max(longest_first, backoff.wait(1, std::nullopt, random));
    longest_tenth = std::max(longest_tenth, backoff.wait(10, std::nullopt, random));
  }
  CHECK(longest_first <= milliseconds(200));
  CHECK(longest_first > milliseconds(150));
  CHECK(longest_tenth <= milliseconds(5'000));
  CHECK(longest_tenth > milliseconds(4'500));
}

TEST_CASE("what the server asked for is the least") {
  SeededRandom random(1);
  CHECK(backoff.wait(1, milliseconds(7'000), random) == milliseconds(7'000));
  CHECK(backoff.wait(1, milliseconds(0), random) <= milliseconds(200));
}

TEST_CASE("a thousand attempts overflow nothing") {
  SeededRandom random(1);
  CHECK(backoff.wait(1'000, std::nullopt, random) <= milliseconds(5'000));
  CHECK(backoff.wait(0, std::nullopt, random) <= milliseconds(200));
}

}  // namespace
}  // namespace tether::rules
