// SPDX-License-Identifier: MIT
// Which lines of one text another still has: as many as can be, found at a cost that nobody can drive up.
// Source: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tether::rules {

/// A line, by its content: equal lines have equal numbers, counted from 0 without large gaps.
using Line = std::uint32_t;

constexpr std::size_t k_gone = static_cast<std::size_t>(-1);

/// For each line of `from` its place in `to`, or k_gone; places that are there ascend. Nothing when the texts are so
/// long and so different that it would take more than a bounded number of steps per line.
std::optional<std::vector<std::size_t>> kept_lines(std::span<const Line> from, std::span<const Line> to);

}  // namespace tether::rules
