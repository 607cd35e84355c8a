// SPDX-License-Identifier: MIT
// Time is an argument. Everything that reads a clock or sleeps takes a Clock&, so that any failure replays exactly.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tether {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time. May go back: no order of ours depends on it.
  virtual Instant now() = 0;
  virtual void sleep_for(std::chrono::microseconds duration) = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  Instant now() override;
  void sleep_for(std::chrono::microseconds duration) override;
};

/// Starts where it is told, advances by `step` per reading and by the whole duration of every sleep, without waiting.
class SteppingClock final : public Clock {
 public:
  explicit SteppingClock(Instant start, std::chrono::microseconds step = std::chrono::milliseconds(1))
      : now_(start), step_(step) {}
  Instant now() override;
  void sleep_for(std::chrono::microseconds duration) override;
  void advance(std::chrono::microseconds duration) { now_ += duration; }

 private:
  Instant now_;
  std::chrono::microseconds step_;
};

std::int64_t to_us(Instant instant);
std::int64_t to_ms(Instant instant);
Instant from_us(std::int64_t us);
Instant from_ms(std::int64_t ms);

/// `2026-11-21T20:49:00.123Z`
std::string rfc3339_ms(Instant instant);
/// `2026-11-21T20:49:00.123456Z`
std::string rfc3339_us(Instant instant);
/// Reads RFC 3339 with `Z` or an offset and up to 9 decimals; throws Error(invalid_input).
Instant parse_rfc3339(std::string_view text);

/// Reads `90d`, `10m`, `250ms`, `1h30m`; units ms, s, m, h, d, w. Throws Error(usage). Never negative.
std::chrono::milliseconds parse_duration(std::string_view text);
/// `3m 12s`, `2d 4h`, `450ms`: the two largest units, for people.
std::string human_duration(std::chrono::milliseconds duration);

}  // namespace tether
