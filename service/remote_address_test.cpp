// SPDX-License-Identifier: MIT
#include "service/remote_address.hpp"

#include <doctest/doctest.h>

using namespace tether::service;

TEST_CASE("without proxies the connection's address counts, whatever the header claims") {
  CHECK(remote_address("192.0.2.1", "203.0.113.7", 0) == "192.0.2.1");
}

TEST_CASE("the address that the outermost proxy saw counts, not what its client wrote before it") {
  CHECK(remote_address("192.0.2.1", "203.0.113.7", 1) == "203.0.113.7");
  CHECK(remote_address("192.0.2.1", "1.1.1.1, 203.0.113.7", 1) == "203.0.113.7");
  CHECK(remote_address("192.0.2.1", "1.1.1.1,203.0.113.7 , 10.0.0.2", 2) == "203.0.113.7");
  CHECK(remote_address("192.0.2.1", "2001:db8::7", 1) == "2001:db8::7");
}

TEST_CASE("a header that names no address there is not believed") {
  for (const char* header : {"", " ", ",", "unknown", "203.0.113.7,", "203.0.113.7\"}{", "203.0.113.7:80", "1.2.3"}) {
    CAPTURE(header);
    CHECK(remote_address("192.0.2.1", header, 1) == "192.0.2.1");
  }
  CHECK(remote_address("192.0.2.1", "203.0.113.7", 2) == "192.0.2.1");
}

TEST_CASE("one sender's many IPv6 addresses are one network") {
  CHECK(network_of("2001:db8:0:1:aaaa::1") == "2001:db8:0:1::/64");
  CHECK(network_of("2001:db8:0:1:bbbb::2") == "2001:db8:0:1::/64");
  CHECK(network_of("203.0.113.7") == "203.0.113.7");
  CHECK(network_of("::ffff:203.0.113.7") == "203.0.113.7");
  CHECK(network_of("") == "");
}
