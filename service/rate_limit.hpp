// SPDX-License-Identifier: MIT
// How many requests per second each client gets. One number per client, the moment at which its requests so far are
// paid for ("generic cell rate algorithm", ITU-T I.371), in a table of fixed size: names that a sender makes up cannot
// make it grow. Two clients that meet in one place share a rate, which is rare and harmless. Safe from any thread,
// without a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether::service {

class RateLimit {
 public:
  /// Somebody who was quiet may send this many seconds' worth at once: a first sync is a burst.
  static constexpr std::int64_t k_burst_s = 10;

  /// 0: no limit. `salt` decides who shares a place, so that nobody can choose whom to meet.
  RateLimit(std::int64_t requests_per_second, std::string salt);

  /// Counts a request at `now`. nullopt: it may pass; else how long its sender has to wait, and it is not counted.
  std::optional<std::chrono::milliseconds> wait(std::string_view client, std::chrono::steady_clock::time_point now);

 private:
  const std::int64_t nanoseconds_each_;  // 0: no limit
  const std::string salt_;
  std::vector<std::atomic<std::int64_t>> paid_until_ns_;
};

}  // namespace tether::service
