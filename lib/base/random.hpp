// SPDX-License-Identifier: MIT
// Chance is an argument, as time is.
#pragma once

#include <cstdint>
#include <random>

namespace tether {

class Random {
 public:
  virtual ~Random() = default;
  /// 64 uniformly distributed bits.
  virtual std::uint64_t next() = 0;
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
};

/// From the operating system, in small blocks. Not shared between threads.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;

 private:
  std::uint64_t block_[32];
  unsigned left_ = 0;
};

/// The same sequence for the same seed, on every machine (SplitMix64).
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

}  // namespace tether
