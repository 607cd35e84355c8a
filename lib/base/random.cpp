// SPDX-License-Identifier: MIT
#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.hpp"

namespace tether {

std::uint64_t Random::below(std::uint64_t bound) {
  TETHER_ASSERT(bound > 0);
  // The lowest 2^64 mod bound values are drawn again: every remainder is then equally likely.
  const std::uint64_t uneven = (0 - bound) % bound;
  std::uint64_t drawn = next();
  while (drawn < uneven) drawn = next();
  return drawn % bound;
}

std::uint64_t SystemRandom::next() {
  if (left_ == 0) {
    // Up to 256 bytes come whole or not at all.
    ssize_t got = -1;
    do {
      got = getrandom(block_, sizeof block_, 0);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof block_)) {
      throw Fatal(ErrorCode::internal, std::string("the system gives no random numbers: ") + std::strerror(errno));
    }
    left_ = sizeof block_ / sizeof block_[0];
  }
  return block_[--left_];
}

std::uint64_t SeededRandom::next() {
  // SplitMix64, public domain: https://prng.di.unimi.it/splitmix64.c
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace tether
