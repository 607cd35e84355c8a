// SPDX-License-Identifier: MIT
// How long to wait before asking again: exponential with full jitter, so that a crowd of clients spreads out.
// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#pragma once

#include <chrono>
#include <optional>

#include "base/random.hpp"

namespace tether::rules {

struct Backoff {
  std::chrono::milliseconds first{200};   // upper bound of the first wait
  std::chrono::milliseconds most{5'000};  // upper bound of any wait

  /// The wait before attempt `attempt` (1 is the first retry); at least what the server asked for in Retry-After.
  std::chrono::milliseconds wait(unsigned attempt, std::optional<std::chrono::milliseconds> retry_after,
                                 Random& random) const;
};

}  // namespace tether::rules
