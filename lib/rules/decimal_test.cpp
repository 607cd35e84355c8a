// SPDX-License-Identifier: MIT
#include "rules/decimal.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

namespace tether::rules {
namespace {

Decimal number(std::string_view json) {
  const auto read = Decimal::read(json);
  REQUIRE_MESSAGE(read, std::string(json));
  return *read;
}

std::string sum(std::string_view a, std::string_view b) {
  return (number(a) + number(b)).text();
}

std::string difference(std::string_view a, std::string_view b) {
  return (number(a) - number(b)).text();
}

TEST_CASE("a number is written out as people write it") {
  CHECK(number("0").text() == "0");
  CHECK(number("-0").text() == "0");
  CHECK(number("-0.00").text() == "0.00");
  CHECK(number("42").text() == "42");
  CHECK(number("-2.50").text() == "-2.50");
  CHECK(number("1e3").text() == "1000");
  CHECK(number("1.25E+1").text() == "12.5");
  CHECK(number("-12.5e-3").text() == "-0.0125");
  CHECK(number("0.1e1").text() == "1");
}

TEST_CASE("sums are exact") {
  CHECK(sum("0.1", "0.2") == "0.3");
  CHECK(sum("2.50", "1") == "3.50");
  CHECK(sum("1e2", "1") == "101");
  CHECK(sum("1e22", "1") == "10000000000000000000001");
  CHECK(sum("9223372036854775807", "1") == "9223372036854775808");
  CHECK(sum("999999999999999999999999999999", "0.000000000000000000000000000001") ==
        "999999999999999999999999999999.000000000000000000000000000001");
  CHECK(sum("99.9", "0.1") == "100.0");
}

TEST_CASE("a sum has the sign of what weighs more") {
  CHECK(sum("5", "-7") == "-2");
  CHECK(sum("-5", "7") == "2");
  CHECK(sum("-5", "-7") == "-12");
  CHECK(sum("-5", "5") == "0");
  CHECK(difference("0.10", "0.1") == "0.00");
  CHECK(difference("100", "0.001") == "99.999");
  CHECK(difference("3", "10") == "-7");
}

TEST_CASE("numbers are compared by value") {
  CHECK(number("2") == number("2.0"));
  CHECK(number("-0") == number("0e9"));
  CHECK(number("20e-1") == number("0.2e1"));
  CHECK(number("10") > number("9"));
  CHECK(number("-10") < number("-9"));
  CHECK(number("9007199254740993") > number("9007199254740992"));
  CHECK(number("1.7976931348623157e308") > number("1.7976931348623156e308"));
  CHECK(number("5e-324") > number("0"));
}

TEST_CASE("what is no number is not read") {
  for (const std::string_view json : {R"("1")", "null", "true", "false", "[1]", "{}", R"("-")"}) {
    CHECK_FALSE(Decimal::read(json));
  }
}

TEST_CASE("a number beyond all measure is not read, however its exponent is written") {
  for (const std::string_view json :
       {"1e401", "1e-401", "1e999999999", "-1E+999999999", "1e-999999999", "0e99999999999999999999999999"}) {
    CAPTURE(json);
    CHECK_FALSE(Decimal::read(json));
  }
  CHECK(Decimal::read("1e400"));
  CHECK(Decimal::read("1e-00000000000000000400"));
}

TEST_CASE("a number may have as many digits as a payload holds") {
  const std::string nines(200'000, '9');
  CHECK(sum(nines, "1") == "1" + std::string(200'000, '0'));
}

/// A number of up to 12 digits with up to 4 behind the point, and what it is in ten-thousandths.
std::pair<std::string, std::int64_t> random_number(Random& random) {
  const auto places = random.below(5);
  std::int64_t unit = 10'000;
  for (std::uint64_t i = 0; i < places; ++i) unit /= 10;
  const auto digits = static_cast<std::int64_t>(random.below(random.below(2) == 0 ? 100 : 100'000'000));
  std::string text = std::to_string(digits);
  if (places > 0) {
    if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
    text.insert(text.size() - places, 1, '.');
  }
  if (random.below(2) == 0) return {text, digits * unit};
  return {"-" + text, -digits * unit};
}

TEST_CASE("adding and comparing agree with integer arithmetic") {
  SeededRandom random(21);
  for (int i = 0; i < 2'000; ++i) {
    const auto [a, a_value] = random_number(random);
    const auto [b, b_value] = random_number(random);
    CAPTURE(a);
    CAPTURE(b);
    CHECK(number(sum(a, b)) == number(std::to_string(a_value + b_value) + "e-4"));
    CHECK(number(difference(a, b)) == number(std::to_string(a_value - b_value) + "e-4"));
    CHECK((number(a) <=> number(b)) == (a_value <=> b_value));
  }
}

TEST_CASE("numbers add up to the same digits in any order") {
  SeededRandom random(22);
  for (int i = 0; i < 1'000; ++i) {
    const auto a = number(random_number(random).first);
    const auto b = number(random_number(random).first);
    const auto c = number(random_number(random).first);
    CHECK(((a + b) + c).text() == ((c + a) + b).text());
    CHECK((a + b).text() == (b + a).text());
  }
}

}  // namespace
}  // namespace tether::rules
