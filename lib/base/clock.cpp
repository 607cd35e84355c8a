// SPDX-License-Identifier: MIT
#include "base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace tether {

namespace {

using std::chrono::microseconds;

// RFC 3339 has four digits for the year: what lies outside is shown as the nearest moment inside.
constexpr Instant k_earliest = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Instant k_latest = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1) - microseconds(1);

std::string rfc3339_seconds(Instant instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

microseconds below_second(Instant instant) {
  return instant - std::chrono::floor<std::chrono::seconds>(instant);
}

}  // namespace

Instant SystemClock::now() {
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

void SystemClock::sleep_for(microseconds duration) {
  std::this_thread::sleep_for(duration);
}

Instant SteppingClock::now() {
  const Instant reading = now_;
  now_ += step_;
  return reading;
}

void SteppingClock::sleep_for(microseconds duration) {
  now_ += duration;
}

std::int64_t to_us(Instant instant) {
  return instant.time_since_epoch().count();
}

std::int64_t to_ms(Instant instant) {
  return std::chrono::floor<std::chrono::milliseconds>(instant).time_since_epoch().count();
}

Instant from_us(std::int64_t us) {
  return Instant(microseconds(us));
}

Instant from_ms(std::int64_t ms) {
  constexpr std::int64_t k_most = microseconds::max().count() / 1000;  // beyond it the conversion would overflow
  return Instant(std::chrono::milliseconds(std::clamp(ms, -k_most, k_most)));
}

std::string rfc3339_ms(Instant instant) {
  instant = std::clamp(instant, k_earliest, k_latest);
  return fmt::format("{}.{:03}Z", rfc3339_seconds(instant), below_second(instant).count() / 1000);
}

std::string rfc3339_us(Instant instant) {
  instant = std::clamp(instant, k_earliest, k_latest);
  return fmt::format("{}.{:06}Z", rfc3339_seconds(instant), below_second(instant).count());
}

}  // namespace tether
