// SPDX-License-Identifier: MIT
#include "service/rate_limit.hpp"

#include <algorithm>
#include <functional>

namespace tether::service {

namespace {

constexpr std::int64_t k_second_ns = 1'000'000'000;
constexpr std::size_t k_places = 64 * 1024;  // half a megabyte; of a thousand clients about eight pairs meet

}  // namespace

RateLimit::RateLimit(std::int64_t requests_per_second, std::string salt)
    : nanoseconds_each_(requests_per_second > 0 ? k_second_ns / requests_per_second : 0),
      salt_(std::move(salt)),
      paid_until_ns_(nanoseconds_each_ > 0 ? k_places : 0) {}

std::optional<std::chrono::milliseconds> RateLimit::wait(std::string_view client,
                                                         std::chrono::steady_clock::time_point now) {
  if (nanoseconds_each_ == 0) return std::nullopt;
  const std::int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  const std::size_t hash = std::hash<std::string>{}(salt_ + std::string(client));
  std::atomic<std::int64_t>& paid_until = paid_until_ns_[hash % k_places];
  std::int64_t before = paid_until.load();
  for (;;) {
    const std::int64_t after = std::max(before, now_ns) + nanoseconds_each_;
    const std::int64_t too_early_ns = after - now_ns - std::max(k_burst_s * k_second_ns, nanoseconds_each_);
    if (too_early_ns > 0) return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds(too_early_ns));
    if (paid_until.compare_exchange_weak(before, after)) return std::nullopt;
  }
}

}  // namespace tether::service
