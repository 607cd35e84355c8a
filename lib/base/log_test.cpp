// SPDX-License-Identifier: MIT
#include "base/log.hpp"

#include <doctest/doctest.h>

#include <limits>

using tether::json_quoted;
using tether::LogLevel;

namespace {

std::string logged(tether::LogFormat format, LogLevel level, std::string_view message,
                   std::initializer_list<tether::LogField> fields) {
  tether::SteppingClock clock(tether::from_ms(1'795'294'140'123));
  std::string lines;
  tether::Log log(clock, format, [&](std::string_view line) { lines += line; });
  log.write(level, message, fields);
  return lines;
}

}  // namespace

TEST_CASE("a log line for machines is one JSON object") {
  CHECK(logged(tether::LogFormat::json, LogLevel::info, "request",
               {{"route", "push"}, {"status", std::int64_t{200}}, {"duration_ms", 1.5}, {"cached", false}}) ==
        "{\"time\":\"2026-11-21T20:49:00.123Z\",\"level\":\"info\",\"message\":\"request\",\"route\":\"push\","
        "\"status\":200,\"duration_ms\":1.5,\"cached\":false}\n");
}

TEST_CASE("a log line for people quotes only what needs it") {
  CHECK(logged(tether::LogFormat::text, LogLevel::warning, "store is slow",
               {{"route", "push"}, {"scope", "team one"}, {"rows", std::int64_t{-3}}, {"empty", ""}}) ==
        "2026-11-21T20:49:00.123Z warning store is slow route=push scope=\"team one\" rows=-3 empty=\"\"\n");
}

TEST_CASE("text from outside cannot break a line or forge another") {
  const std::string_view hostile = "a\n2026 error forged=\"yes\"";
  for (const auto format : {tether::LogFormat::json, tether::LogFormat::text}) {
    const std::string line = logged(format, LogLevel::error, hostile, {{"client", hostile}});
    CHECK(line.find('\n') == line.size() - 1);
  }
}

TEST_CASE("numbers that JSON does not know are null") {
  CHECK(logged(tether::LogFormat::json, LogLevel::debug, "m", {{"x", std::numeric_limits<double>::infinity()}}) ==
        "{\"time\":\"2026-11-21T20:49:00.123Z\",\"level\":\"debug\",\"message\":\"m\",\"x\":null}\n");
}

TEST_CASE("JSON strings escape what must be escaped and nothing else") {
  CHECK(json_quoted("") == R"("")");
  CHECK(json_quoted("a/b 'c' \"d\" \\") == R"("a/b 'c' \"d\" \\")");
  CHECK(json_quoted({"\0\x01\b\t\n\f\r\x1f\x7f", 9}) == R"("\u0000\u0001\b\t\n\f\r\u001f\u007f")");
  CHECK(json_quoted("gr\xc3\xbc\xc3\x9f \xe2\x80\xa8 \xf0\x9f\x98\x80") ==
        "\"gr\xc3\xbc\xc3\x9f \xe2\x80\xa8 \xf0\x9f\x98\x80\"");
}

TEST_CASE("bytes that are not UTF-8 become the replacement character") {
  CHECK(json_quoted("a\xff"
                    "b") ==
        "\"a\xef\xbf\xbd"
        "b\"");
  CHECK(json_quoted("\xe2\x82") == "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}
