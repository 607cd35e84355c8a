// SPDX-License-Identifier: MIT
#include "rules/text_merge.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"

namespace tether::rules {
namespace {

constexpr auto clash = std::nullopt;

struct Case {
  const char* name;
  std::string_view base;
  std::string_view ours;
  std::string_view theirs;
  std::optional<std::string_view> merged;
};

// What `git merge-file -p ours base theirs` of git 2.39 says.
constexpr Case k_as_git[] = {
    {"lines far apart", "a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n"},
    {"one line between", "a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"},
    {"lines next to each other", "a\nb\nc\n", "A\nb\nc\n", "a\nB\nc\n", clash},
    {"the same line", "a\nb\nc\n", "a\nx\nc\n", "a\ny\nc\n", clash},
    {"the same line alike", "a\nb\nc\n", "a\nx\nc\n", "a\nx\nc\n", "a\nx\nc\n"},
    {"one alike, one not", "a\nb\nc\nd\n", "a\nx\nc\nd\n", "a\nx\nc\nD\n", "a\nx\nc\nD\n"},
    {"added at the same place", "a\nb\n", "a\nx\nb\n", "a\ny\nb\n", clash},
    {"added at the same place alike", "a\nb\n", "a\nx\nb\n", "a\nx\nb\n", "a\nx\nb\n"},
    {"added at both ends", "a\nb\n", "x\na\nb\n", "a\nb\ny\n", "x\na\nb\ny\n"},
    {"added in front of a change", "a\nb\nc\n", "a\nx\nb\nc\n", "a\nB\nc\n", clash},
    {"added a line before a change", "a\nb\nc\n", "a\nx\nb\nc\n", "a\nb\nC\n", "a\nx\nb\nC\n"},
    {"deleted and changed", "a\nb\nc\n", "a\nc\n", "a\nB\nc\n", clash},
    {"deleted, and another changed", "a\nb\nc\nd\n", "b\nc\nd\n", "a\nb\nc\nD\n", "b\nc\nD\n"},
    {"deleted, and more of it deleted", "a\nb\nc\nd\n", "a\nc\nd\n", "a\nd\n", clash},
    {"deleted next to each other", "a\nb\nc\nd\n", "b\nc\nd\n", "a\nc\nd\n", clash},
    {"no newline at the end", "a\nb\nc", "A\nb\nc", "a\nb\nc", "A\nb\nc"},
    {"newline added at the end", "a\nb\nc", "A\nb\nc", "a\nb\nc\n", "A\nb\nc\n"},
    {"line added behind one without", "a\nb\nc", "A\nb\nc", "a\nb\nc\nd", "A\nb\nc\nd"},
    {"newline and line added at the end", "a\nb\nc", "a\nb\nc\n", "a\nb\nc\nd", clash},
    {"other line endings", "a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n"},
    {"line endings changed", "a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nb\nC\n", clash},
    {"nothing to begin with", "", "x\n", "y\n", clash},
    {"all deleted, and a line added", "a\nb\n", "", "a\nb\nc\n", clash},
    {"a long change alike, one not", "a\nb\nc\nd\ne\n", "a\nX\nY\nd\ne\n", "a\nX\nY\nd\nE\n", "a\nX\nY\nd\nE\n"},
    {"a change within a change", "a\nb\nc\nd\n", "a\nX\nY\nd\n", "a\nb\nZ\nd\n", clash},
    {"empty lines between", "x\n\ny\n\nz\n", "x\n\nw\n\ny\n\nz\n", "x\n\ny\n\nZ\n", "x\n\nw\n\ny\n\nZ\n"},
    {"moved, and another changed", "a\nb\nc\nd\ne\n", "b\nc\nd\ne\na\n", "a\nb\nC\nd\ne\n", "b\nC\nd\ne\na\n"},
};

TEST_CASE("two edits of a text are merged as git merges them") {
  for (const auto& [name, base, ours, theirs, merged] : k_as_git) {
    CAPTURE(name);
    CHECK(merged_text(base, ours, theirs) == merged);
    CHECK(merged_text(base, theirs, ours) == merged);
  }
}

TEST_CASE("a text without a newline is one line") {
  CHECK(merged_text("a", "b", "a") == "b");
  CHECK(merged_text("a", "b", "c") == clash);
  CHECK(merged_text("", "", "") == "");
}

TEST_CASE("a zero byte and a lone carriage return are characters like any other") {
  using namespace std::string_view_literals;
  CHECK(merged_text("a\0\nb\r\nc\rc\n"sv, "A\0\nb\r\nc\rc\n"sv, "a\0\nb\r\nc\rC\n"sv) == "A\0\nb\r\nc\rC\n"sv);
}

using Text = std::vector<std::string>;

std::string joined(const Text& lines) {
  std::string text;
  for (const auto& line : lines) text += line;
  return text;
}

/// An edit of `base`: lines left out, replaced and added. Lines differ from all others, but some are the same as
/// those that the other side adds at that place.
Text edited(const Text& base, Random& random, const std::string& side) {
  Text lines;
  const auto add = [&](std::size_t place) {
    const bool alike = random.below(3) == 0;
    lines.push_back((alike ? "both" : side) + std::to_string(place) + "\n");
  };
  for (std::size_t i = 0; i < base.size(); ++i) {
    const auto what = random.below(12);
    if (what == 0) continue;
    if (what <= 2) add(i);
    if (what != 1) lines.push_back(base[i]);
  }
  if (random.below(6) == 0) add(base.size());
  return lines;
}

/// The text of `lines` up to `end` (all when it is not there), which is taken out with them.
std::string cut(Text& lines, const std::string& end) {
  const auto place = std::ranges::find(lines, end);
  const auto text = joined({lines.begin(), place});
  lines.erase(lines.begin(), place == lines.end() ? place : place + 1);
  return text;
}

/// The plain definition of a three-way merge, for texts in which no line occurs twice or moves: between two lines that
/// both sides kept, the change of the one side, or the same change of both.
std::optional<std::string> merged_by_definition(Text base, Text ours, Text theirs) {
  std::string merged;
  const Text all = base;
  const auto ends_stretch = [&](const std::string& line) {
    return std::ranges::count(ours, line) > 0 && std::ranges::count(theirs, line) > 0;
  };
  const auto merge_up_to = [&](const std::string& end) {
    const auto before = cut(base, end);
    const auto mine = cut(ours, end);
    const auto others = cut(theirs, end);
    if (mine != before && others != before && mine != others) return false;
    merged += (mine != before ? mine : others) + end;
    return true;
  };
  for (const auto& line : all) {
    if (ends_stretch(line) && !merge_up_to(line)) return std::nullopt;
  }
  if (!merge_up_to("")) return std::nullopt;
  return merged;
}

TEST_CASE("any two edits are merged as the definition says") {
  SeededRandom random(41);
  int merged = 0;
  for (int i = 0; i < 2'000; ++i) {
    Text base;
    for (auto lines = random.below(20); lines > 0; --lines) base.push_back("base" + std::to_string(lines) + "\n");
    const auto ours = edited(base, random, "ours");
    const auto theirs = edited(base, random, "theirs");
    const auto expected = merged_by_definition(base, ours, theirs);
    merged += expected ? 1 : 0;
    CAPTURE(joined(base));
    CAPTURE(joined(ours));
    CAPTURE(joined(theirs));
    CHECK(merged_text(joined(base), joined(ours), joined(theirs)) == expected);
  }
  CHECK(merged > 400);
  CHECK(merged < 1'600);
}

std::string random_text(Random& random) {
  std::string text;
  for (auto length = random.below(24); length > 0; --length) text += "ab\n\n"[random.below(4)];
  return text;
}

TEST_CASE("of any texts, who alone changed something gets it, and exchanging the sides changes nothing") {
  SeededRandom random(42);
  for (int i = 0; i < 2'000; ++i) {
    const auto base = random_text(random);
    const auto ours = random_text(random);
    const auto theirs = random_text(random);
    CAPTURE(base);
    CAPTURE(ours);
    CAPTURE(theirs);
    CHECK(merged_text(base, ours, base) == ours);
    CHECK(merged_text(base, base, ours) == ours);
    CHECK(merged_text(base, ours, ours) == ours);
    CHECK(merged_text(base, ours, theirs) == merged_text(base, theirs, ours));
  }
}

TEST_CASE("texts too different to compare at a bounded cost are for a person") {
  SeededRandom random(43);
  Text base;
  for (int i = 0; i < 10'000; ++i) base.push_back(std::to_string(i) + "\n");
  auto ours = base;
  for (std::size_t i = ours.size() - 1; i > 0; --i) std::swap(ours[i], ours[random.below(i + 1)]);
  auto theirs = base;
  theirs[7] = "seven\n";
  CHECK(merged_text(joined(base), joined(ours), joined(theirs)) == clash);
  CHECK(merged_text(joined(base), joined(theirs), joined(ours)) == clash);
}

TEST_CASE("a text of very many lines is for a person, whatever was changed") {
  const std::string most(49'999, '\n');
  CHECK(merged_text(most, "a\n" + most, most + "z") == "a\n" + most + "z");
  CHECK(merged_text(most, "a\n" + most, most + "y\nz\n") == clash);
}

}  // namespace
}  // namespace tether::rules
