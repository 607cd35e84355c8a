// SPDX-License-Identifier: MIT
// When a program that failed may be started again: at once after a single failure, since one question can be at fault,
// and ever later the more failures follow each other with no answer in between.
#pragma once

#include <chrono>

#include "rules/backoff.hpp"

namespace tether::service {

class Restarts {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `random` outlives it.
  Restarts(const rules::Backoff& backoff, Random& random) : backoff_(backoff), random_(random) {}

  void answered() {
    failures_ = 0;
    next_ = TimePoint::min();
  }
  void failed(TimePoint now) {
    if (++failures_ > 1) next_ = now + backoff_.wait(failures_ - 1, std::nullopt, random_);
  }
  /// From when on it may be started.
  TimePoint next() const { return next_; }

 private:
  const rules::Backoff backoff_;
  Random& random_;
  unsigned failures_ = 0;  // since it answered
  TimePoint next_ = TimePoint::min();
};

}  // namespace tether::service
