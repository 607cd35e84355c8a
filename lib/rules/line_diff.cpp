// SPDX-License-Identifier: MIT
#include "rules/line_diff.hpp"

#include <algorithm>
#include <utility>

namespace tether::rules {

namespace {

using Lines = std::span<const Line>;

/// A line of the one text and the line of the other that it is equal to, by their places.
using Pair = std::pair<std::size_t, std::size_t>;

// A step is one comparison that found two lines equal, or one remembered end of a path (4 bytes). Texts of some 60
// lines are always compared to the end, of 10,000 lines some 200 may have been moved: lines that only one side has cost
// nothing.
constexpr std::size_t k_steps_always = 10'000;
constexpr std::size_t k_steps_per_line = 8;

/// The shortest way through the grid of `from` (x) and `to` (y), in which a step to the right deletes a line, one down
/// inserts one, and one along the diagonal keeps one. Diagonal k is where x - y = k. The ends that paths with d
/// deletions and insertions reach furthest are computed from those with d - 1, and all are remembered to find the way
/// back.
class ShortestPath {
 public:
  ShortestPath(Lines from, Lines to)
      : from_(from),
        to_(to),
        from_size_(static_cast<std::ptrdiff_t>(from.size())),
        to_size_(static_cast<std::ptrdiff_t>(to.size())),
        steps_left_(k_steps_always + k_steps_per_line * (from.size() + to.size())) {}

  /// The lines that are kept, in order; nothing when the steps did not suffice.
  std::optional<std::vector<Pair>> kept_lines() {
    std::ptrdiff_t changes = 0;
    while (true) {
      for (auto k = -changes; k <= changes; k += 2) {
        if (steps_left_ == 0) return std::nullopt;
        --steps_left_;
        const auto x = follow_diagonal(start(changes, k), k);
        ends_.push_back(static_cast<std::int32_t>(x));
        if (x >= from_size_ && x - k >= to_size_) return way_back(changes);
      }
      ++changes;
    }
  }

 private:
  /// x of the end of the path with `changes` changes on diagonal `k`.
  std::ptrdiff_t end(std::ptrdiff_t changes, std::ptrdiff_t k) const {
    return ends_[static_cast<std::size_t>(changes * (changes + 1) / 2 + (k + changes) / 2)];
  }

  /// Whether the last change of the path with `changes` changes on diagonal `k` is an insertion.
  bool comes_from_above(std::ptrdiff_t changes, std::ptrdiff_t k) const {
    return k == -changes || (k != changes && end(changes - 1, k - 1) < end(changes - 1, k + 1));
  }

  /// x behind the last change of that path, from where it follows the diagonal.
  std::ptrdiff_t start(std::ptrdiff_t changes, std::ptrdiff_t k) const {
    if (changes == 0) return 0;
    return comes_from_above(changes, k) ? end(changes - 1, k + 1) : end(changes - 1, k - 1) + 1;
  }

  std::ptrdiff_t follow_diagonal(std::ptrdiff_t x, std::ptrdiff_t k) {
    while (x < from_size_ && x - k < to_size_ && steps_left_ > 0 &&
           from_[static_cast<std::size_t>(x)] == to_[static_cast<std::size_t>(x - k)]) {
      ++x;
      --steps_left_;
    }
    return x;
  }

  std::vector<Pair> way_back(std::ptrdiff_t changes) const {
    std::vector<Pair> kept;
    auto x = from_size_;
    auto k = from_size_ - to_size_;
    while (true) {
      const auto diagonal_start = start(changes, k);
      while (x > diagonal_start) {
        --x;
        kept.emplace_back(x, x - k);
      }
      if (changes == 0) break;
      const bool inserted = comes_from_above(changes, k);
      if (!inserted) --x;
      k += inserted ? 1 : -1;
      --changes;
    }
    std::ranges::reverse(kept);
    return kept;
  }

  Lines from_;
  Lines to_;
  std::ptrdiff_t from_size_;
  std::ptrdiff_t to_size_;
  std::size_t steps_left_;
  std::vector<std::int32_t> ends_;  // of 0 changes, then of 1 change, …; within each by diagonal
};

/// The lines of one text that the other has too, with their places: others cannot be kept, and need no comparison.
struct Shared {
  std::vector<Line> lines;
  std::vector<std::size_t> places;
};

Shared shared(Lines of, Lines other) {
  std::vector<bool> is_there;
  for (const Line line : other) {
    if (line >= is_there.size()) is_there.resize(line + std::size_t{1});
    is_there[line] = true;
  }
  Shared found;
  for (std::size_t place = 0; place < of.size(); ++place) {
    if (of[place] >= is_there.size() || !is_there[of[place]]) continue;
    found.lines.push_back(of[place]);
    found.places.push_back(place);
  }
  return found;
}

std::size_t common_front(Lines a, Lines b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

std::size_t common_back(Lines a, Lines b) {
  std::size_t count = 0;
  while (count < std::min(a.size(), b.size()) && a[a.size() - 1 - count] == b[b.size() - 1 - count]) ++count;
  return count;
}

}  // namespace

std::optional<std::vector<std::size_t>> kept_lines(Lines from, Lines to) {
  const auto front = common_front(from, to);
  const auto back = common_back(from.subspan(front), to.subspan(front));
  const auto from_inner = from.subspan(front, from.size() - front - back);
  const auto to_inner = to.subspan(front, to.size() - front - back);

  const auto from_shared = shared(from_inner, to_inner);
  const auto to_shared = shared(to_inner, from_inner);
  const auto kept = ShortestPath(from_shared.lines, to_shared.lines).kept_lines();
  if (!kept) return std::nullopt;

  std::vector<std::size_t> places(from.size(), k_gone);
  for (std::size_t i = 0; i < front; ++i) places[i] = i;
  for (const auto& [x, y] : *kept) places[front + from_shared.places[x]] = front + to_shared.places[y];
  for (std::size_t i = 1; i <= back; ++i) places[from.size() - i] = to.size() - i;
  return places;
}

}  // namespace tether::rules
