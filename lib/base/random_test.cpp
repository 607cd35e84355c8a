// SPDX-License-Identifier: MIT
#include "base/random.hpp"

#include <doctest/doctest.h>

#include <set>

TEST_CASE("a seed gives the same sequence on every machine") {
  tether::SeededRandom random(1234567);
  // The published first values of SplitMix64 for this seed.
  CHECK(random.next() == 6457827717110365317u);
  CHECK(random.next() == 3203168211198807973u);
  CHECK(random.next() == 9817491932198370423u);
}

TEST_CASE("draws below a bound stay below it and reach every value") {
  tether::SeededRandom random(1);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.below(6));
  CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5});
  CHECK(random.below(1) == 0);
}

TEST_CASE("draws below a bound are even where the bound does not divide 2^64") {
  // Three quarters of 2^64: without drawing again, the first third would come up twice as often.
  const std::uint64_t bound = 0xc000'0000'0000'0000;
  tether::SeededRandom random(7);
  int in_first_third = 0;
  for (int i = 0; i < 30'000; ++i) in_first_third += random.below(bound) < bound / 3 ? 1 : 0;
  CHECK(in_first_third > 9'500);
  CHECK(in_first_third < 10'500);
}

TEST_CASE("the system's chance does not repeat within or across blocks") {
  tether::SystemRandom one;
  tether::SystemRandom other;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(one.next());
    seen.insert(other.next());
  }
  CHECK(seen.size() == 200);
}
