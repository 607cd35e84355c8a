// SPDX-License-Identifier: MIT
#include "cmd/output.hpp"

#include <cstdio>

namespace tether::cmd {
namespace {

constexpr std::size_t k_buffer_bytes = 64 * 1024;

std::string_view escape_of(Colour colour) {
  switch (colour) {
    case Colour::none:
      return "";
    case Colour::bold:
      return "\x1b[1m";
    case Colour::dim:
      return "\x1b[2m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::green:
      return "\x1b[32m";
    case Colour::yellow:
      return "\x1b[33m";
  }
  return "";
}

bool continues_character(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/// Columns of the character whose first byte is `byte`: three- and four-byte characters of the wide blocks take two.
std::size_t columns_of(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first >= 0xF0) return 2;  // emoji and rare ideographs
  const bool combining = first == 0xCC || (first == 0xCD && static_cast<unsigned char>(character[1]) < 0xB0);
  if (combining) return 0;
  const bool wide = first >= 0xE3 && first <= 0xED;  // U+3000 to U+DFFF: kana, ideographs, hangul
  return wide ? 2 : 1;
}

/// The bytes of the character at `position`.
std::size_t character_length(std::string_view text, std::size_t position) {
  std::size_t length = 1;
  while (position + length < text.size() && continues_character(static_cast<unsigned char>(text[position + length])))
    ++length;
  return length;
}

/// U+0080 to U+009F, which some terminals obey as they obey an escape.
bool is_c1_control(std::string_view character) {
  return character.size() == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

void Terminal::line(std::string_view text) {
  part(text);
  part("\n");
}

void Terminal::part(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= k_buffer_bytes) flush();
}

void Terminal::message(std::string_view text) {
  if (!options.quiet) error_text(std::string(text) + "\n");
}

void Terminal::detail(std::string_view text) {
  if (options.verbose) error_text(std::string(text) + "\n");
}

void Terminal::warning(std::string_view text) {
  error_text("tether: warning: " + std::string(text) + "\n");
}

void Terminal::error_text(std::string_view text) {
  no_bar();
  flush();  // what was said first is seen first
  err_(text);
}

void Terminal::bar(std::string_view text) {
  flush();
  err_("\r" + std::string(text) + "\x1b[K");
  has_bar_ = true;
}

void Terminal::no_bar() {
  if (has_bar_) err_("\r\x1b[K");
  has_bar_ = false;
}

void Terminal::flush() {
  if (buffer_.empty()) return;
  if (options.width > 0) no_bar();  // both are the same screen
  const auto text = std::move(buffer_);
  buffer_.clear();  // also when the sink throws: the same text is never tried twice
  out_(text);
}

std::string Terminal::painted(Colour colour, std::string_view text) const {
  if (!options.colour_out || colour == Colour::none) return std::string(text);
  return std::string(escape_of(colour)) + std::string(text) + "\x1b[0m";
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto length = character_length(text, i);
    columns += columns_of(text.substr(i, length));
    i += length;
  }
  return columns;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (width == 0 || display_width(text) <= width) return std::string(text);
  std::size_t columns = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const auto length = character_length(text, end);
    columns += columns_of(text.substr(end, length));
    if (columns > width - 1) break;
    end += length;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto length = character_length(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    char escaped[8];
    if (text[i] == '\n') {
      out += "\\n";
    } else if (text[i] == '\t') {
      out += "\\t";
    } else if (text[i] == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7F) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    } else if (is_c1_control(text.substr(i, length))) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(text[i + 1]));
      out += escaped;
    } else {
      out += text.substr(i, length);
    }
    i += length;
  }
  return out;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

std::string counted(std::int64_t number, std::string_view singular, std::string_view plural) {
  const std::string many = plural.empty() ? std::string(singular) + "s" : std::string(plural);
  return grouped(number) + " " + (number == 1 ? std::string(singular) : many);
}

}  // namespace tether::cmd
