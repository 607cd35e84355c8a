// SPDX-License-Identifier: MIT
#include "base/ulid.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace tether {

namespace {

constexpr std::string_view k_alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t k_text_length = 26;
constexpr std::int64_t k_time_ms_max = (std::int64_t{1} << 48) - 1;
constexpr std::uint8_t k_no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digits_by_character() {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(k_no_digit);
  for (std::size_t i = 0; i < k_alphabet.size(); ++i) {
    const auto upper = static_cast<unsigned char>(k_alphabet[i]);
    digits[upper] = static_cast<std::uint8_t>(i);
    if (upper >= 'A') digits[upper + ('a' - 'A')] = static_cast<std::uint8_t>(i);
  }
  return digits;
}

constexpr std::array<std::uint8_t, 256> k_digits = digits_by_character();

/// The 128 bits as two numbers.
struct Halves {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

std::uint64_t read_big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

void write_big_endian(std::uint64_t value, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i, value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
}

Halves halves(const Ulid& ulid) {
  return {read_big_endian(ulid.bytes.data()), read_big_endian(ulid.bytes.data() + 8)};
}

Ulid joined(Halves halves) {
  Ulid ulid;
  write_big_endian(halves.high, ulid.bytes.data());
  write_big_endian(halves.low, ulid.bytes.data() + 8);
  return ulid;
}

Ulid successor(const Ulid& ulid) {
  Halves next = halves(ulid);
  if (++next.low == 0) ++next.high;  // a carry out of the 80 bits moves the time part on
  TETHER_ASSERT(next.high != 0 || next.low != 0);
  return joined(next);
}

}  // namespace

std::string Ulid::text() const {
  std::string text(k_text_length, '0');
  Halves left = halves(*this);
  for (std::size_t i = k_text_length; i-- > 0;) {
    text[i] = k_alphabet[left.low & 31];
    left.low = left.low >> 5 | left.high << 59;
    left.high >>= 5;
  }
  return text;
}

std::int64_t Ulid::time_ms() const {
  return static_cast<std::int64_t>(halves(*this).high >> 16);
}

std::optional<Ulid> Ulid::parse(std::string_view text) {
  // 26 digits are 130 bits: a first digit above 7 would not fit.
  if (text.size() != k_text_length || text.front() > '7') return std::nullopt;
  Halves read;
  for (const char character : text) {
    const std::uint8_t digit = k_digits[static_cast<unsigned char>(character)];
    if (digit == k_no_digit) return std::nullopt;
    read.high = read.high << 5 | read.low >> 59;
    read.low = read.low << 5 | digit;
  }
  return joined(read);
}

Ulid UlidSource::next() {
  const std::int64_t now_ms = std::clamp(to_ms(clock_.now()), earliest_ms_, k_time_ms_max);
  if (last_ && last_->time_ms() >= now_ms) {
    last_ = successor(*last_);
  } else {
    const std::uint64_t chance_high = random_.next() >> 48;
    last_ = joined({static_cast<std::uint64_t>(now_ms) << 16 | chance_high, random_.next()});
  }
  return *last_;
}

void UlidSource::start_after(const Ulid& last) {
  earliest_ms_ = std::max(earliest_ms_, std::min(last.time_ms() + 1, k_time_ms_max));
}

}  // namespace tether
