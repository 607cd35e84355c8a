// SPDX-License-Identifier: MIT
#include "protocol/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/utf8.hpp"
#include "protocol/payload.hpp"

namespace tether::protocol {

namespace {

constexpr std::size_t k_shown_key_bytes_max = 64;  // of a key in an error message

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Characters of a string that need no look: not the end, no escape, no control character, no part of a longer one.
constexpr std::array<bool, 256> plain_characters() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> k_plain = plain_characters();
bool is_plain(char c) {
  return k_plain[static_cast<unsigned char>(c)];
}

/// Whether eight characters are all plain. Of each byte only the highest bit counts: it is set where the byte itself
/// has it, and where a subtraction borrows, since the byte is a quote, a backslash or below a space. A borrow that goes
/// on into the next byte does so only where the answer is no already.
bool are_plain(const char* eight) {
  constexpr std::uint64_t k_each = 0x0101010101010101;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, eight, sizeof bytes);
  const std::uint64_t quotes = bytes ^ (k_each * '"');
  const std::uint64_t backslashes = bytes ^ (k_each * '\\');
  const std::uint64_t found = bytes | ((bytes - k_each * ' ') & ~bytes) | ((quotes - k_each) & ~quotes) |
                              ((backslashes - k_each) & ~backslashes);
  return (found & (k_each * 0x80)) == 0;
}

/// The first position from `at` on whose character needs a look.
std::size_t behind_plain(std::string_view text, std::size_t at) {
  while (text.size() - at >= sizeof(std::uint64_t) && are_plain(text.data() + at)) at += sizeof(std::uint64_t);
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

std::string_view name(JsonReader::Kind kind) {
  switch (kind) {
    case JsonReader::Kind::object:
      return "an object";
    case JsonReader::Kind::array:
      return "an array";
    case JsonReader::Kind::string:
      return "a string";
    case JsonReader::Kind::number:
      return "a number";
    case JsonReader::Kind::boolean:
      return "true or false";
    case JsonReader::Kind::null:
      return "null";
  }
  return "a value";
}

}  // namespace

std::string JsonReader::path() const {
  std::string path(name_);
  for (unsigned i = 0; i < depth_; ++i) {
    const Step& step = steps_[i];
    if (step.index >= 0) {
      path += fmt::format("[{}]", step.index);
    } else if (step.key.data() != nullptr) {
      if (!path.empty()) path += '.';
      path += utf8_prefix(step.key, k_shown_key_bytes_max);
      if (step.key.size() > k_shown_key_bytes_max) path += "…";
    }
  }
  return path;
}

void JsonReader::fail(std::string_view what, ErrorCode code) const {
  throw FieldError(path(), what, code);
}

void JsonReader::fail_missing(std::string_view field) const {
  std::string missing = path();
  if (!missing.empty()) missing += '.';
  missing += field;
  throw FieldError(missing, "is missing");
}

void JsonReader::fail_at(std::string_view expected) const {
  if (at_ >= text_.size())
    fail(fmt::format("not valid JSON: the text ends after {} bytes, expected {}", at_, expected));
  fail(fmt::format("not valid JSON at byte {}: expected {}", at_, expected));
}

void JsonReader::fail_kind(std::string_view wanted, Kind found) {
  if (found != Kind::array && found != Kind::object) value();
  fail(fmt::format("must be {}, not {}", wanted, name(found)));
}

char JsonReader::next_character() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonReader::take(char character) {
  if (next_character() != character || at_ >= text_.size()) return false;
  ++at_;
  return true;
}

bool JsonReader::take_separator(char closing) {
  if (take(',')) return true;
  if (take(closing)) return false;
  fail_at(closing == '}' ? "',' or '}'" : "',' or ']'");
}

JsonReader::Kind JsonReader::kind() {
  switch (next_character()) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    default:
      if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '-')) return Kind::number;
      fail_at("a value");
  }
}

void JsonReader::enter(Kind expected, char opening, Step step) {
  const Kind found = kind();
  if (found != expected) fail_kind(name(expected), found);
  if (depth_ >= depth_max_) fail(fmt::format("nested deeper than {} levels", k_json_depth_max));
  steps_[depth_++] = step;
  take(opening);
}

std::string_view JsonReader::key(std::string& unescaped_key) {
  if (next_character() != '"') fail_at("a key in quotes");
  std::string_view key = written_string();
  if (has_escapes_) key = unescaped_key = unescaped(key);
  if (!take(':')) fail_at("':'");
  if (allows_broken_text_ && !is_utf8(key)) return {};  // names nothing, and must not get into a path
  return key;
}

std::string JsonReader::string() {
  const Kind found = kind();
  if (found != Kind::string) fail_kind("a string", found);
  const std::string_view written = written_string();
  return has_escapes_ ? unescaped(written) : std::string(written);
}

std::string_view JsonReader::written_string() {
  const std::size_t start = ++at_;
  has_escapes_ = false;
  while (true) {
    at_ = behind_plain(text_, at_);
    if (at_ >= text_.size()) fail_at("the end of a string");
    if (text_[at_] == '"') return text_.substr(start, at_++ - start);
    if (allows_broken_text_) {
      has_escapes_ = has_escapes_ || text_[at_] == '\\';
      at_ = std::min<std::size_t>(at_ + (text_[at_] == '\\' ? 2 : 1), text_.size());  // it may end behind a backslash
    } else if (text_[at_] == '\\') {
      escape();
    } else {
      const std::size_t length = utf8_character(text_.substr(at_));
      if (length == 0) fail_at("UTF-8");
      if (length == 1 && text_[at_] < 0x20) fail_at("an escape instead of a control character");
      at_ += length;
    }
  }
}

void JsonReader::escape() {
  has_escapes_ = true;
  ++at_;
  const char escaped = at_ < text_.size() ? text_[at_] : '\0';
  if (escaped != 'u') {
    if (escaped == '\0' || std::string_view("\"\\/bfnrt").find(escaped) == std::string_view::npos) fail_at("an escape");
    ++at_;
    return;
  }
  const unsigned first = hexadecimal();
  if (first < 0xd800 || first > 0xdfff) return;
  // Half of a character alone stands for no text at all, and PHP refuses the whole body that holds one.
  if (first > 0xdbff || text_.substr(at_, 2) != "\\u") fail_at("both halves of a surrogate pair");
  ++at_;
  const unsigned second = hexadecimal();
  if (second < 0xdc00 || second > 0xdfff) fail_at("both halves of a surrogate pair");
}

unsigned JsonReader::hexadecimal() {
  const char* digits = text_.data() + ++at_;
  unsigned value = 0;
  const char* end = digits + std::min<std::size_t>(4, text_.size() - at_);
  const auto [after, error] = std::from_chars(digits, end, value, 16);
  if (error != std::errc() || after - digits != 4) fail_at("four hexadecimal digits");
  at_ += 4;
  return value;
}

void JsonReader::digits() {
  if (at_ >= text_.size() || !is_digit(text_[at_])) fail_at("a digit");
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
}

void JsonReader::number() {
  const auto comes = [&](char c) { return at_ < text_.size() && text_[at_] == c; };
  if (comes('-')) ++at_;
  if (comes('0')) {
    ++at_;
  } else {
    digits();
  }
  if (comes('.')) {
    ++at_;
    digits();
  }
  if (comes('e') || comes('E')) {
    ++at_;
    if (comes('+') || comes('-')) ++at_;
    digits();
  }
}

std::int64_t JsonReader::integer() {
  const Kind found = kind();
  if (found != Kind::number) fail_kind("an integer", found);
  const std::string_view written = value();
  std::int64_t integer = 0;
  const auto [after, error] = std::from_chars(written.data(), written.data() + written.size(), integer);
  if (error != std::errc() || after != written.data() + written.size()) fail("must be an integer of at most 64 bits");
  return integer;
}

void JsonReader::word(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) fail_at(word);
  at_ += word.size();
}

bool JsonReader::boolean() {
  const Kind found = kind();
  if (found != Kind::boolean) fail_kind("true or false", found);
  const bool is_true = text_[at_] == 't';
  word(is_true ? "true" : "false");
  return is_true;
}

bool JsonReader::null() {
  if (kind() != Kind::null) return false;
  word("null");
  return true;
}

std::string_view JsonReader::value() {
  const Kind kind_of_value = kind();
  const std::size_t start = at_;
  switch (kind_of_value) {
    case Kind::object:
      object([this](std::string_view) { value(); });
      break;
    case Kind::array:
      array([this] { value(); });
      break;
    case Kind::string:
      written_string();
      break;
    case Kind::number:
      number();
      break;
    case Kind::boolean:
      boolean();
      break;
    case Kind::null:
      null();
      break;
  }
  return text_.substr(start, at_ - start);
}

void JsonReader::skip() {
  std::string closing;  // of what is open
  std::string unescaped_key;
  const auto open = [&](char opening, char closing_character) {
    if (!take(opening)) return false;
    closing += closing_character;
    return true;
  };
  do {
    const bool opened = open('{', '}') || open('[', ']');
    bool behind_a_value = !opened || take(closing.back());
    if (opened && behind_a_value) closing.pop_back();
    if (!opened) value();
    while (behind_a_value && !closing.empty()) {
      behind_a_value = !take_separator(closing.back());
      if (behind_a_value) closing.pop_back();
    }
    if (!closing.empty() && closing.back() == '}') key(unescaped_key);
  } while (!closing.empty());
}

void JsonReader::go_back(const Place& place) {
  at_ = place.at;
  depth_ = place.depth;
  depth_max_ = place.depth_max;
}

std::string_view JsonReader::payload() {
  const Kind found = kind();
  if (found == Kind::array) {
    bool is_empty = true;
    array([&] {
      value();
      is_empty = false;
    });
    if (!is_empty) fail_kind("an object", found);
    return "{}";
  }
  if (null()) return "{}";
  if (found != Kind::object) fail_kind("an object", found);
  const unsigned outer_depth_max = depth_max_;
  depth_max_ = std::min(depth_ + k_json_depth_max, static_cast<unsigned>(steps_.size()));
  const std::string_view text = value();
  depth_max_ = outer_depth_max;
  return text;
}

void JsonReader::end() {
  next_character();
  if (at_ < text_.size()) fail_at("nothing more");
}

}  // namespace tether::protocol
