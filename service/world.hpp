// SPDX-License-Identifier: MIT
// The time and the chance that the program runs on: the machine's, or what TETHER_NOW and TETHER_SEED fix for golden
// files. Both may be used from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "service/options.hpp"

namespace tether::service {

class SharedClock final : public Clock {
 public:
  explicit SharedClock(std::unique_ptr<Clock> clock) : clock_(std::move(clock)) {}
  Instant now() override {
    const std::lock_guard lock(mutex_);
    return clock_->now();
  }
  void sleep_for(std::chrono::microseconds duration) override {
    const std::lock_guard lock(mutex_);
    clock_->sleep_for(duration);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<Clock> clock_;
};

class SharedRandom final : public Random {
 public:
  explicit SharedRandom(std::unique_ptr<Random> random) : random_(std::move(random)) {}
  std::uint64_t next() override {
    const std::lock_guard lock(mutex_);
    return random_->next();
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<Random> random_;
};

struct World {
  std::unique_ptr<Clock> clock;
  std::unique_ptr<Random> random;
  std::vector<std::string> warnings;  // of what is fixed
};

/// Throws Error(usage) for a variable that cannot be read.
World make_world(const Environment& environment);

}  // namespace tether::service
