// SPDX-License-Identifier: MIT
// An exact decimal number of any length, read from JSON and written for JSON. Adding and comparing is all that merging
// needs, and school arithmetic on digits does it: no rounding, no binary fractions, the same digits in whatever order
// numbers are added. (A library for decimals would bring a precision to choose and notations to avoid.)
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tether::rules {

class Decimal {
 public:
  // Every double is within it (5e-324). Written out, 1e999999999 would be a thousand million digits.
  static constexpr int k_exponent_max = 400;

  Decimal() = default;  // zero

  /// `json` is a valid JSON value. Nothing when it is no number, or its exponent is beyond ±k_exponent_max.
  static std::optional<Decimal> read(std::string_view json);

  /// Written out without exponent, with as many digits behind the point as any number had that it was made of:
  /// 2.50 + 1 is 3.50, 1e2 + 1 is 101. Zero has no sign.
  std::string text() const;

  Decimal operator-() const;
  friend Decimal operator+(const Decimal& a, const Decimal& b);
  friend Decimal operator-(const Decimal& a, const Decimal& b) { return a + -b; }
  /// By value: 2 and 2.0 are equal.
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

 private:
  bool negative_ = false;
  std::string digits_;     // the most significant first, and that one is no zero; none at all for zero
  std::size_t scale_ = 0;  // so many digits stand behind the point
};

}  // namespace tether::rules
