// SPDX-License-Identifier: MIT
#include "rules/backoff.hpp"

#include <algorithm>

namespace tether::rules {

std::chrono::milliseconds Backoff::wait(unsigned attempt, std::optional<std::chrono::milliseconds> retry_after,
                                        Random& random) const {
  // Past 20 doublings the bound is `most` for any sensible `first`; the shift must not overflow.
  const auto doublings = std::min(attempt > 0 ? attempt - 1 : 0U, 20U);
  const auto bound = std::min(first * (std::int64_t{1} << doublings), most);
  const auto jittered =
      std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(std::max<std::int64_t>(bound.count(), 0)) + 1));
  return std::max(jittered, retry_after.value_or(std::chrono::milliseconds(0)));
}

}  // namespace tether::rules
