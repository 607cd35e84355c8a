// SPDX-License-Identifier: MIT
#include "service/request_head.hpp"

#include <doctest/doctest.h>

using namespace tether::service;

namespace {

RequestHead good(std::string_view lines) {
  std::string why;
  const auto head = read_head(lines, why);
  REQUIRE_MESSAGE(head.has_value(), why);
  return *head;
}

std::string bad(std::string_view lines) {
  std::string why;
  CHECK_FALSE(read_head(lines, why).has_value());
  return why;
}

}  // namespace

TEST_CASE("a head is read, and httplib gets what it can bear") {
  const RequestHead head = good(
      "POST /tether/push?x=1 HTTP/1.1\r\nHost: x\r\nContent-Type: Application/JSON; charset=utf-8\r\ncontent-length: "
      "12\r\n"
      "Expect: 100-Continue\r\nAccept-Encoding: br, gzip\r\nRange: bytes=0-1,2-3\r\nX-Request-Id: abc-1\r\n\r\n");
  CHECK(head.method == "POST");
  CHECK(head.path == "/tether/push");
  CHECK(head.content_type == "application/json");
  CHECK(head.content_length == 12);
  CHECK(head.accepts_gzip);
  CHECK(head.request_id == "abc-1");
  CHECK_FALSE(head.wants_close);
  CHECK(head.text ==
        "POST /tether/push?x=1 HTTP/1.1\r\nHost: x\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
        "Expect: 100-continue\r\nX-Request-Id: abc-1\r\nContent-Length: 12\r\n\r\n");
}

TEST_CASE("a POST that says no length has none") {
  CHECK(good("POST / HTTP/1.1\r\n\r\n").text == "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("gzip is sent to those who ask for it") {
  CHECK(good("GET / HTTP/1.1\r\nAccept-Encoding: GZIP;q=0.5\r\n\r\n").accepts_gzip);
  CHECK_FALSE(good("GET / HTTP/1.1\r\nAccept-Encoding: gzip;q=0\r\n\r\n").accepts_gzip);
  CHECK_FALSE(good("GET / HTTP/1.1\r\nAccept-Encoding: gzip;q=0.00, br\r\n\r\n").accepts_gzip);
  CHECK_FALSE(good("GET / HTTP/1.1\r\nAccept-Encoding: br, deflate\r\n\r\n").accepts_gzip);
  CHECK_FALSE(good("GET / HTTP/1.1\r\n\r\n").accepts_gzip);
}

TEST_CASE("a connection is closed when the client says so, and after HTTP/1.0") {
  CHECK(good("GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n").wants_close);
  CHECK(good("GET / HTTP/1.0\r\n\r\n").wants_close);
  CHECK_FALSE(good("GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n").wants_close);
}

TEST_CASE("a request id that is not fit for a header or a log is not echoed") {
  CHECK(good("GET / HTTP/1.1\r\nX-Request-Id: a b\r\n\r\n").request_id.empty());
  CHECK(good("GET / HTTP/1.1\r\nX-Request-Id: \xc3\xa9\r\n\r\n").request_id.empty());
  CHECK(good("GET / HTTP/1.1\r\nX-Request-Id: " + std::string(129, 'a') + "\r\n\r\n").request_id.empty());
  CHECK(good("GET / HTTP/1.1\r\nX-Request-Id: " + std::string(128, 'a') + "\r\n\r\n").request_id.size() == 128);
}

TEST_CASE("what is malformed is refused with its reason") {
  CHECK(bad("GET /\r\n\r\n") == "the request line is malformed");
  CHECK(bad("\r\n\r\n") == "the request line is malformed");
  CHECK(bad("G(T / HTTP/1.1\r\n\r\n") == "the method is malformed");
  CHECK(bad("GET x HTTP/1.1\r\n\r\n") == "the request target is malformed");
  CHECK(bad("GET / / HTTP/1.1\r\n\r\n") == "the request target is malformed");
  CHECK(bad("GET / HTTP/2.0\r\n\r\n") == "the protocol is not HTTP/1.1");
  CHECK(bad("GET / HTTP/1.1\r\nno colon\r\n\r\n") == "a header line is malformed");
  CHECK(bad("GET / HTTP/1.1\r\nA : b\r\n\r\n") == "a header name is malformed");
  CHECK(bad("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n") == "a header line is malformed");
  CHECK(bad("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n") == "a line of the head ends in something else than CR LF");
  CHECK(bad(std::string_view("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 25)) == "the head holds a control character");
  CHECK(bad("POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n") == "Content-Length is no number");
  CHECK(bad("POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n") == "Content-Length is no number");
  CHECK(bad("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n") == "Content-Length is no number");
  CHECK(bad("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n") == "there are two Content-Lengths");
  CHECK(bad("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        "Content-Length and Transfer-Encoding exclude each other");
  CHECK(bad("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") ==
        "the only Transfer-Encoding known is chunked");
  CHECK(bad("POST / HTTP/1.1\r\nExpect: wonders\r\n\r\n") == "the only Expect known is 100-continue");
}

TEST_CASE("every truncation of a head is read or refused, never more") {
  const std::string whole = "POST /tether/push HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nExpect: 100-continue\r\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    std::string why;
    const auto head = read_head(whole.substr(0, length) + "\r\n\r\n", why);
    CHECK(head.has_value() == why.empty());
  }
}
