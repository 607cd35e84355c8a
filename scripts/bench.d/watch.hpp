// SPDX-License-Identifier: MIT
// How a bare program says how long it took.
#pragma once

#include <fmt/core.h>

#include <chrono>

namespace tether::bench {

class Watch {
 public:
  /// Prints the milliseconds since it was made.
  int report() const {
    const auto elapsed = std::chrono::steady_clock::now() - started_;
    fmt::print("{:.3f}\n", std::chrono::duration<double, std::milli>(elapsed).count());
    return 0;
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace tether::bench
