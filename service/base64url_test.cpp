// SPDX-License-Identifier: MIT
#include "service/base64url.hpp"

#include <doctest/doctest.h>

using namespace tether::service;

TEST_CASE("the examples of RFC 4648 come out, without their padding") {
  const std::pair<std::string, std::string> examples[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
  for (const auto& [bytes, text] : examples) {
    CHECK(encode_base64url(bytes) == text);
    CHECK(decode_base64url(text) == bytes);
  }
}

TEST_CASE("every byte comes back") {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += static_cast<char>(byte);
    CHECK(decode_base64url(encode_base64url(bytes)) == bytes);
  }
}

TEST_CASE("what nobody would have written is refused: padding, other alphabets, white space, left over bits") {
  for (const char* text :
       {"Zg==", "Zg=", "Z", "Zm9vY", "+/8", "Zm 9v", "Zm9v\n", " Zm9v", "Zh", "Zm9=", "Zm8.", "=", "Zm\xc3\xa9"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64url(text));
  }
  CHECK_FALSE(decode_base64url(std::string_view("Zm\0v", 4)));
}
