// SPDX-License-Identifier: MIT
#include "net/url.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace tether;
using net::parse_url;

TEST_CASE("an address is taken apart") {
  const net::Url url = parse_url("http://server:8787");
  CHECK(url.tls == false);
  CHECK(url.host == "server");
  CHECK(url.port == 8787);
  CHECK(url.prefix == "/tether");
  CHECK(url.text("/tether/push") == "http://server:8787/tether/push");
}

TEST_CASE("the usual ports need not be said") {
  CHECK(parse_url("http://server").port == 80);
  CHECK(parse_url("https://server").port == 443);
  CHECK(parse_url("https://server:443").text() == "https://server");
}

TEST_CASE("a prefix replaces /tether, and a slash at its end does not count") {
  CHECK(parse_url("http://server/").prefix == "/tether");
  CHECK(parse_url("http://server/api/sync").prefix == "/api/sync");
  CHECK(parse_url("http://server/api/sync/").prefix == "/api/sync");
}

TEST_CASE("an IPv6 host stands in brackets") {
  const net::Url url = parse_url("http://[fe80::1]:8787/x");
  CHECK(url.host == "fe80::1");
  CHECK(url.port == 8787);
  CHECK(url.text() == "http://[fe80::1]:8787");
}

TEST_CASE("what is no address is refused with an example") {
  const char* const texts[] = {"",
                               "server:8787",
                               "ftp://server",
                               "http://",
                               "http://:80",
                               "http:///push",
                               "http://server:0",
                               "http://server:65536",
                               "http://server:",
                               "http://server:80x",
                               "http://server:99999999999999999999",
                               "http://ser ver",
                               "http://server/a\r\nX: y",
                               "http://[::1",
                               "http://[::1]x:80",
                               "http://[]:80",
                               "http://::1:80",
                               "http://server/?a=b",
                               "http://server/#a",
                               "http://s\xc3\xa9rver"};
  for (const char* text : texts) {
    CAPTURE(text);
    try {
      parse_url(text);
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::usage);
      CHECK(error.hint() == "An address looks like http://host:8787 or https://host/prefix.");
    }
  }
}

TEST_CASE("a password in an address is refused and not repeated") {
  try {
    parse_url("http://ann:secret@server/");
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("secret") == std::string::npos);
  }
}

TEST_CASE("a NUL in an address is refused") {
  CHECK_THROWS_AS(parse_url(std::string_view("http://server\0/x", 16)), Error);
  CHECK_THROWS_AS(parse_url("http://" + std::string(3'000, 'a')), Error);
}
