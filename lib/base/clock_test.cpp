// SPDX-License-Identifier: MIT
#include "base/clock.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "base/error.hpp"

using namespace std::chrono_literals;
using tether::from_ms;
using tether::from_us;
using tether::human_duration;
using tether::parse_duration;
using tether::parse_rfc3339;
using tether::rfc3339_ms;
using tether::rfc3339_us;
using tether::to_ms;
using tether::to_us;

TEST_CASE("a stepping clock starts where it is told and advances with readings and sleeps") {
  tether::SteppingClock clock(from_ms(1'000), 5ms);
  CHECK(clock.now() == from_ms(1'000));
  CHECK(clock.now() == from_ms(1'005));
  clock.sleep_for(2s);
  CHECK(clock.now() == from_ms(3'010));
  clock.advance(-1s);
  CHECK(clock.now() == from_ms(2'015));
}

TEST_CASE("the system clock tells a time of this century and sleeps at least as long as asked") {
  tether::SystemClock clock;
  const tether::Instant before = clock.now();
  CHECK(before > parse_rfc3339("2024-01-01T00:00:00Z"));
  clock.sleep_for(2ms);
  CHECK(clock.now() - before >= 2ms);
}

TEST_CASE("times are written as RFC 3339 in UTC") {
  CHECK(rfc3339_ms(from_us(1'795'294'140'123'456)) == "2026-11-21T20:49:00.123Z");
  CHECK(rfc3339_us(from_us(1'795'294'140'123'456)) == "2026-11-21T20:49:00.123456Z");
  CHECK(rfc3339_ms(from_us(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339_us(from_us(-1)) == "1969-12-31T23:59:59.999999Z");
  CHECK(rfc3339_ms(from_ms(-1)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("times outside of the years that RFC 3339 knows are shown as the nearest one inside") {
  CHECK(rfc3339_us(from_us(std::numeric_limits<std::int64_t>::max())) == "9999-12-31T23:59:59.999999Z");
  CHECK(rfc3339_us(from_us(std::numeric_limits<std::int64_t>::min())) == "0000-01-01T00:00:00.000000Z");
  CHECK(rfc3339_ms(from_ms(std::numeric_limits<std::int64_t>::max())) == "9999-12-31T23:59:59.999Z");
  CHECK(rfc3339_ms(from_ms(std::numeric_limits<std::int64_t>::min())) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("milliseconds are rounded towards the past, also before 1970") {
  CHECK(to_ms(from_us(1'999)) == 1);
  CHECK(to_ms(from_us(-1)) == -1);
  CHECK(to_us(from_ms(7)) == 7'000);
}

TEST_CASE("RFC 3339 is read with a zone and any number of decimals up to nine") {
  CHECK(to_us(parse_rfc3339("2026-11-21T20:49:00Z")) == 1'795'294'140'000'000);
  CHECK(to_us(parse_rfc3339("2026-11-21t20:49:00.1z")) == 1'795'294'140'100'000);
  CHECK(to_us(parse_rfc3339("2026-11-21 20:49:00.123456789Z")) == 1'795'294'140'123'456);
  CHECK(to_us(parse_rfc3339("2026-11-21T21:49:00.123456+01:00")) == 1'795'294'140'123'456);
  CHECK(to_us(parse_rfc3339("2026-11-21T15:19:00-05:30")) == 1'795'294'140'000'000);
  CHECK(to_us(parse_rfc3339("2016-12-31T23:59:60Z")) == to_us(parse_rfc3339("2017-01-01T00:00:00Z")));
  CHECK(rfc3339_ms(parse_rfc3339("2024-02-29T00:00:00Z")) == "2024-02-29T00:00:00.000Z");
}

TEST_CASE("what is no time is refused") {
  for (const char* text :
       {"", "now", "2026-11-21", "2026-11-21T20:49:00", "2026-11-21T20:49Z", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T20:60:00Z",
        "2026-11-21T20:49:61Z", "2026-11-21T20:49:00.Z", "2026-11-21T20:49:00.1234567890Z", "2026-11-21T20:49:00Z ",
        "2026-11-21T20:49:00+0100", "2026-11-21T20:49:00+01:60", "+026-11-21T20:49:00Z", "20261121T204900Z"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_rfc3339(text), tether::Error);
  }
  CHECK_THROWS_WITH(parse_rfc3339("yesterday"), "\"yesterday\" is not a time");
}

TEST_CASE("a time that is cut off anywhere is refused") {
  const std::string_view whole = "2026-11-21T20:49:00.123456+01:00";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(parse_rfc3339(whole.substr(0, length)), tether::Error);
  }
}

TEST_CASE("durations are whole numbers with units") {
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("90d") == 2160h);
  CHECK(parse_duration("2w") == 336h);
  CHECK(parse_duration("0s") == 0ms);
}

TEST_CASE("what is no duration is refused as wrong usage") {
  for (const char* text : {"", "10", "m", "-5m", "1.5h", "5 m", "5m ", "5y", "5M", "1h-3m", "99999999999999999999s",
                           "9223372036854775807w", "400000d", "300000d300000d"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_duration(text), tether::Error);
  }
  try {
    parse_duration("soon");
    FAIL("read as a duration");
  } catch (const tether::Error& e) {
    CHECK(e.code() == tether::ErrorCode::usage);
    CHECK(e.what() == doctest::String("\"soon\" is not a duration"));
    CHECK(e.hint() == "Write a whole number and a unit, for example 250ms, 30s, 10m, 1h30m, 90d or 2w.");
  }
}

TEST_CASE("people see the two largest units of a duration") {
  CHECK(human_duration(0ms) == "0ms");
  CHECK(human_duration(450ms) == "450ms");
  CHECK(human_duration(1s) == "1s");
  CHECK(human_duration(192'000ms) == "3m 12s");
  CHECK(human_duration(52h) == "2d 4h");
  CHECK(human_duration(48h + 5min) == "2d");
  CHECK(human_duration(2400h) == "100d");
  CHECK(human_duration(-5s) == "-5s");
  CHECK(human_duration(std::chrono::milliseconds::min()).front() == '-');
}
