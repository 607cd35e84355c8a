// SPDX-License-Identifier: MIT
// Times and durations as people and other programs write them.
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace tether {

namespace {

using std::chrono::milliseconds;

/// Takes characters from the front of a time; any that does not fit fails the whole text.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : whole_(text), rest_(text) {}

  [[noreturn]] void fail() const {
    throw Error(ErrorCode::invalid_input, fmt::format("\"{}\" is not a time", whole_.substr(0, 64)),
                "Write it as RFC 3339, for example 2026-11-21T20:49:00Z.");
  }

  bool done() const { return rest_.empty(); }

  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void need(std::string_view any_of) {
    if (!take(any_of)) fail();
  }

  /// Exactly `digits` decimal digits, at most `most`.
  int number(std::size_t digits, int most) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    if (value > most) fail();
    return value;
  }

  /// Up to 9 decimals, as microseconds; what is finer is cut off.
  std::chrono::microseconds decimals() {
    std::int64_t us = 0;
    std::int64_t weight = 100'000;
    std::size_t count = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++count, weight /= 10)
      us += digit() * weight;
    if (count < 1 || count > 9) fail();
    return std::chrono::microseconds(us);
  }

 private:
  int digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') fail();
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view whole_;
  std::string_view rest_;
};

std::chrono::days read_date(TimeReader& reader) {
  const std::chrono::year year(reader.number(4, 9999));
  reader.need("-");
  const std::chrono::month month(static_cast<unsigned>(reader.number(2, 12)));
  reader.need("-");
  const std::chrono::day day(static_cast<unsigned>(reader.number(2, 31)));
  const std::chrono::year_month_day date = year / month / day;
  if (!date.ok()) reader.fail();
  return std::chrono::sys_days(date).time_since_epoch();
}

std::chrono::microseconds read_time_of_day(TimeReader& reader) {
  std::chrono::microseconds time = std::chrono::hours(reader.number(2, 23));
  reader.need(":");
  time += std::chrono::minutes(reader.number(2, 59));
  reader.need(":");
  time += std::chrono::seconds(reader.number(2, 60));  // 60: a leap second, the same as the next second's 00
  if (reader.take(".")) time += reader.decimals();
  return time;
}

std::chrono::minutes read_offset(TimeReader& reader) {
  if (reader.take("Zz")) return std::chrono::minutes(0);
  const bool behind = reader.take("-");
  if (!behind) reader.need("+");
  const int hours = reader.number(2, 23);
  reader.need(":");
  const std::chrono::minutes offset(hours * 60 + reader.number(2, 59));
  return behind ? -offset : offset;
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};

constexpr std::array<Unit, 6> k_units = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};

// A thousand years: longer than anything that is meant, short enough that no sum overflows.
constexpr std::int64_t k_duration_ms_max = 1'000LL * 366 * 86'400'000;

[[noreturn]] void fail_duration(std::string_view text) {
  throw Error(ErrorCode::usage, fmt::format("\"{}\" is not a duration", text.substr(0, 64)),
              "Write a whole number and a unit, for example 250ms, 30s, 10m, 1h30m, 90d or 2w.");
}

std::int64_t unit_ms(std::string_view name, std::string_view whole) {
  for (const Unit& unit : k_units) {
    if (unit.name == name) return unit.ms;
  }
  fail_duration(whole);
}

}  // namespace

Instant parse_rfc3339(std::string_view text) {
  TimeReader reader(text);
  const std::chrono::days date = read_date(reader);
  reader.need("Tt ");
  const std::chrono::microseconds time = read_time_of_day(reader);
  const std::chrono::minutes offset = read_offset(reader);
  if (!reader.done()) reader.fail();
  return Instant(date + time - offset);
}

milliseconds parse_duration(std::string_view text) {
  std::int64_t total_ms = 0;
  std::string_view rest = text;
  do {
    std::int64_t count = 0;
    const auto [after, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc() || count < 0) fail_duration(text);
    rest.remove_prefix(static_cast<std::size_t>(after - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    rest.remove_prefix(name.size());
    const std::int64_t ms = unit_ms(name, text);
    if (count > k_duration_ms_max / ms) fail_duration(text);
    total_ms += count * ms;
    if (total_ms > k_duration_ms_max) fail_duration(text);
  } while (!rest.empty());
  return milliseconds(total_ms);
}

std::string human_duration(milliseconds duration) {
  if (duration < milliseconds(0)) return "-" + human_duration(-std::max(duration, -milliseconds::max()));
  std::size_t largest = 4;  // days; people count a time that has passed in days rather than in weeks
  while (largest > 0 && duration.count() < k_units[largest].ms) --largest;
  const Unit& unit = k_units[largest];
  std::string text = fmt::format("{}{}", duration.count() / unit.ms, unit.name);
  if (largest == 0) return text;
  const Unit& next = k_units[largest - 1];
  const std::int64_t remainder = duration.count() % unit.ms / next.ms;
  if (remainder > 0) text += fmt::format(" {}{}", remainder, next.name);
  return text;
}

}  // namespace tether
