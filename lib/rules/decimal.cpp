// SPDX-License-Identifier: MIT
#include "rules/decimal.hpp"

#include <algorithm>
#include <charconv>

namespace tether::rules {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void drop_leading_zeros(std::string& digits) {
  digits.erase(0, digits.find_first_not_of('0'));
}

void drop_prefix(std::string_view& text, char prefix) {
  if (text.starts_with(prefix)) text.remove_prefix(1);
}

/// The digits that `text` starts with; `text` goes on behind them.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

/// What stands behind the digits, as in `e+3`; 0 when nothing does.
std::optional<int> read_exponent(std::string_view text) {
  if (text.empty()) return 0;
  text.remove_prefix(1);
  drop_prefix(text, '+');
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc()) return std::nullopt;
  if (exponent < -Decimal::k_exponent_max || exponent > Decimal::k_exponent_max) return std::nullopt;
  return exponent;
}

/// Both have the same length; so has the result, or one more.
std::string sum_of_digits(const std::string& a, const std::string& b) {
  std::string sum(a.size(), '0');
  int carry = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    const int column = (a[i] - '0') + (b[i] - '0') + carry;
    sum[i] = static_cast<char>('0' + column % 10);
    carry = column / 10;
  }
  return carry > 0 ? '1' + sum : sum;
}

/// Both have the same length, and `a` is not smaller.
std::string difference_of_digits(const std::string& a, const std::string& b) {
  std::string difference(a.size(), '0');
  int borrow = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    const int column = a[i] - b[i] - borrow;
    borrow = column < 0 ? 1 : 0;
    difference[i] = static_cast<char>('0' + column + 10 * borrow);
  }
  return difference;
}

}  // namespace

std::optional<Decimal> Decimal::read(std::string_view json) {
  Decimal number;
  number.negative_ = json.starts_with('-');
  drop_prefix(json, '-');
  number.digits_ = take_digits(json);
  if (number.digits_.empty()) return std::nullopt;
  std::string_view fraction;
  if (json.starts_with('.')) {
    json.remove_prefix(1);
    fraction = take_digits(json);
  }
  const auto exponent = read_exponent(json);
  if (!exponent) return std::nullopt;
  number.digits_ += fraction;
  const auto scale = static_cast<std::ptrdiff_t>(fraction.size()) - *exponent;
  if (scale >= 0) {
    number.scale_ = static_cast<std::size_t>(scale);
  } else {
    number.digits_.append(static_cast<std::size_t>(-scale), '0');
  }
  drop_leading_zeros(number.digits_);
  return number;
}

std::string Decimal::text() const {
  std::string text = digits_;
  if (text.size() <= scale_) text.insert(0, scale_ + 1 - text.size(), '0');
  if (scale_ > 0) text.insert(text.size() - scale_, 1, '.');
  return negative_ && !digits_.empty() ? '-' + text : text;
}

Decimal Decimal::operator-() const {
  Decimal opposite = *this;
  opposite.negative_ = !negative_;
  return opposite;
}

Decimal operator+(const Decimal& a, const Decimal& b) {
  Decimal sum;
  sum.scale_ = std::max(a.scale_, b.scale_);
  // Column under column: zeros behind, then in front.
  std::string x = a.digits_ + std::string(sum.scale_ - a.scale_, '0');
  std::string y = b.digits_ + std::string(sum.scale_ - b.scale_, '0');
  const auto columns = std::max(x.size(), y.size());
  x.insert(0, columns - x.size(), '0');
  y.insert(0, columns - y.size(), '0');
  const bool a_is_larger = x >= y;
  sum.negative_ = a_is_larger ? a.negative_ : b.negative_;
  if (a.negative_ == b.negative_) {
    sum.digits_ = sum_of_digits(x, y);
  } else {
    sum.digits_ = a_is_larger ? difference_of_digits(x, y) : difference_of_digits(y, x);
  }
  drop_leading_zeros(sum.digits_);
  return sum;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const auto difference = a - b;
  if (difference.digits_.empty()) return std::strong_ordering::equal;
  return difference.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
}

}  // namespace tether::rules
