// SPDX-License-Identifier: MIT
#include "base/utf8.hpp"

namespace tether {

namespace {

/// What may follow a first byte: how many bytes in all, and the range of the second. The others are 80..BF.
struct Form {
  std::size_t length;
  unsigned char second_least;
  unsigned char second_most;
};

Form form_of(unsigned char first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xc2) return {0, 0, 0};  // a continuation byte, or an overlong form
  if (first < 0xe0) return {2, 0x80, 0xbf};
  if (first == 0xe0) return {3, 0xa0, 0xbf};  // lower: overlong
  if (first == 0xed) return {3, 0x80, 0x9f};  // higher: surrogates
  if (first < 0xf0) return {3, 0x80, 0xbf};
  if (first == 0xf0) return {4, 0x90, 0xbf};  // lower: overlong
  if (first < 0xf4) return {4, 0x80, 0xbf};
  if (first == 0xf4) return {4, 0x80, 0x8f};  // higher: above U+10FFFF
  return {0, 0, 0};
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

std::size_t utf8_character(std::string_view text) {
  if (text.empty()) return 0;
  const Form form = form_of(static_cast<unsigned char>(text[0]));
  if (form.length < 2) return form.length;
  if (text.size() < form.length) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if (second < form.second_least || second > form.second_most) return 0;
  for (std::size_t i = 2; i < form.length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  return form.length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto low_bits = [&](unsigned shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3f)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xc0 | (code_point >> 6));
    out += low_bits(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xe0 | (code_point >> 12));
    out += low_bits(6);
    out += low_bits(0);
  } else {
    out += static_cast<char>(0xf0 | (code_point >> 18));
    out += low_bits(12);
    out += low_bits(6);
    out += low_bits(0);
  }
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t length = bytes_max;
  while (length > 0 && is_continuation(text[length])) --length;
  return text.substr(0, length);
}

}  // namespace tether
