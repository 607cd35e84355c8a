// SPDX-License-Identifier: MIT
#include "base/utf8.hpp"

#include <doctest/doctest.h>

using tether::utf8_character;

TEST_CASE("well-formed characters have one to four bytes") {
  CHECK(utf8_character("a") == 1);
  CHECK(utf8_character({"\0", 1}) == 1);
  CHECK(utf8_character("\x7f") == 1);
  CHECK(utf8_character("\xc2\x80") == 2);
  CHECK(utf8_character("\xe0\xa0\x80") == 3);
  CHECK(utf8_character("\xed\x9f\xbf") == 3);
  CHECK(utf8_character("\xee\x80\x80") == 3);
  CHECK(utf8_character("\xef\xbf\xbf") == 3);
  CHECK(utf8_character("\xf0\x90\x80\x80") == 4);
  CHECK(utf8_character("\xf4\x8f\xbf\xbf") == 4);
}

TEST_CASE("ill-formed characters are refused") {
  CHECK(utf8_character("") == 0);
  CHECK(utf8_character("\x80") == 0);
  CHECK(utf8_character("\xc0\x80") == 0);          // overlong
  CHECK(utf8_character("\xc1\xbf") == 0);          // overlong
  CHECK(utf8_character("\xe0\x9f\xbf") == 0);      // overlong
  CHECK(utf8_character("\xed\xa0\x80") == 0);      // a surrogate
  CHECK(utf8_character("\xf0\x8f\xbf\xbf") == 0);  // overlong
  CHECK(utf8_character("\xf4\x90\x80\x80") == 0);  // above U+10FFFF
  CHECK(utf8_character("\xf5\x80\x80\x80") == 0);
  CHECK(utf8_character("\xff") == 0);
  CHECK(utf8_character("\xc2") == 0);
  CHECK(utf8_character("\xc2\x41") == 0);
  CHECK(utf8_character("\xe2\x82") == 0);
  CHECK(utf8_character("\xe2\x82\x41") == 0);
  CHECK(utf8_character("\xf0\x9f\x98") == 0);
}

TEST_CASE("a text is well-formed when each of its characters is") {
  CHECK(tether::is_utf8(""));
  CHECK(tether::is_utf8("pump \xc3\xa9 \xf0\x9f\x98\x80"));
  CHECK_FALSE(tether::is_utf8("pump \xc3"));
  CHECK_FALSE(tether::is_utf8("\xff pump"));
}

TEST_CASE("every code point is written as the character that is read") {
  char32_t misread = 0;
  for (char32_t code_point = 0; code_point <= 0x10ffff; ++code_point) {
    if (code_point >= 0xd800 && code_point <= 0xdfff) continue;
    std::string text;
    tether::append_utf8(text, code_point);
    if (utf8_character(text) != text.size()) misread = code_point;
  }
  CHECK(misread == 0);
  std::string euro;
  tether::append_utf8(euro, U'€');
  CHECK(euro == "\xe2\x82\xac");
}

TEST_CASE("a prefix cuts no character in two") {
  CHECK(tether::utf8_prefix("abc", 5) == "abc");
  CHECK(tether::utf8_prefix("abc", 2) == "ab");
  CHECK(tether::utf8_prefix("a\xe2\x82\xac", 3) == "a");
  CHECK(tether::utf8_prefix("a\xe2\x82\xac", 4) == "a\xe2\x82\xac");
  CHECK(tether::utf8_prefix("\xe2\x82\xac", 0).empty());
}
