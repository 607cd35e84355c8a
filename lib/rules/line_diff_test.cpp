// SPDX-License-Identifier: MIT
#include "rules/line_diff.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.hpp"

namespace tether::rules {
namespace {

std::vector<Line> lines(std::string_view letters) {
  return {letters.begin(), letters.end()};
}

std::vector<std::size_t> kept(std::string_view from, std::string_view to) {
  const auto places = kept_lines(lines(from), lines(to));
  REQUIRE(places);
  return *places;
}

using Places = std::vector<std::size_t>;

TEST_CASE("equal texts keep every line") {
  CHECK(kept("", "").empty());
  CHECK(kept("abc", "abc") == Places{0, 1, 2});
}

TEST_CASE("each line that is still there is found") {
  CHECK(kept("abc", "axc") == Places{0, k_gone, 2});
  CHECK(kept("abc", "abxyc") == Places{0, 1, 4});
  CHECK(kept("abc", "c") == Places{k_gone, k_gone, 0});
  CHECK(kept("", "ab").empty());
  CHECK(kept("ab", "xy") == Places{k_gone, k_gone});
  CHECK(kept("abcde", "axcye") == Places{0, k_gone, 2, k_gone, 4});
  CHECK(kept("abcabba", "cbabac") == Places{k_gone, k_gone, 0, 2, 3, k_gone, 4});  // the paper's example
}

TEST_CASE("a line that was moved is gone from one of its places") {
  CHECK(kept("abcd", "bcda") == Places{k_gone, 0, 1, 2});
}

TEST_CASE("a repeated line that was added counts as added behind its like") {
  CHECK(kept("aab", "aaab") == Places{0, 1, 3});
}

/// The largest number of lines that can be kept, by the textbook's table.
std::size_t kept_at_most(const std::vector<Line>& from, const std::vector<Line>& to) {
  std::vector<std::vector<std::size_t>> best(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
  for (std::size_t x = 0; x < from.size(); ++x) {
    for (std::size_t y = 0; y < to.size(); ++y) {
      best[x + 1][y + 1] = from[x] == to[y] ? best[x][y] + 1 : std::max(best[x][y + 1], best[x + 1][y]);
    }
  }
  return best[from.size()][to.size()];
}

/// How many lines are still there, each checked to be the same line, and in order.
std::size_t checked_count(const std::vector<Line>& from, const std::vector<Line>& to, const Places& places) {
  std::size_t count = 0;
  std::size_t next = 0;
  REQUIRE(places.size() == from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (places[i] == k_gone) continue;
    REQUIRE(places[i] >= next);
    REQUIRE(places[i] < to.size());
    REQUIRE(from[i] == to[places[i]]);
    next = places[i] + 1;
    ++count;
  }
  return count;
}

std::vector<Line> random_lines(Random& random, std::size_t kinds) {
  std::vector<Line> lines(random.below(30));
  for (auto& line : lines) line = static_cast<Line>(random.below(kinds));
  return lines;
}

TEST_CASE("as many lines are kept as can be") {
  SeededRandom random(31);
  for (int i = 0; i < 3'000; ++i) {
    const auto kinds = 1 + random.below(12);
    const auto from = random_lines(random, kinds);
    const auto to = random_lines(random, kinds);
    const auto places = kept_lines(from, to);
    REQUIRE(places);
    CHECK(checked_count(from, to, *places) == kept_at_most(from, to));
  }
}

TEST_CASE("a long text in which a few lines were moved is compared to the end") {
  std::vector<Line> from(20'000);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<Line>(i);
  auto to = from;
  std::rotate(to.begin() + 100, to.begin() + 101, to.begin() + 15'000);
  std::rotate(to.begin() + 200, to.begin() + 300, to.begin() + 10'000);
  const auto places = kept_lines(from, to);
  REQUIRE(places);
  CHECK(checked_count(from, to, *places) == 20'000 - 101);
}

TEST_CASE("a long text that was replaced as a whole is compared in no time") {
  std::vector<Line> from(20'000);
  std::vector<Line> to(20'000);
  for (std::size_t i = 0; i < from.size(); ++i) {
    from[i] = static_cast<Line>(2 * i);
    to[i] = static_cast<Line>(2 * i + 1);
  }
  CHECK(kept_lines(from, to) == Places(20'000, k_gone));
}

TEST_CASE("a long text that was shuffled is given up") {
  SeededRandom random(32);
  std::vector<Line> from(20'000);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<Line>(i);
  auto to = from;
  for (std::size_t i = to.size() - 1; i > 0; --i) std::swap(to[i], to[random.below(i + 1)]);
  CHECK_FALSE(kept_lines(from, to));
  CHECK_FALSE(kept_lines(to, from));
}

}  // namespace
}  // namespace tether::rules
