// SPDX-License-Identifier: MIT
#include "net/answers.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace tether;
using namespace std::chrono_literals;
using net::answer_of;
using net::HttpReply;

namespace {

const auto k_now = std::chrono::system_clock::from_time_t(1'795'296'600);  // Sat, 21 Nov 2026 21:30:00 GMT
const std::string k_url = "http://server/tether/push";

replica::Answer answer(HttpReply reply) {
  return answer_of(std::move(reply), k_url, k_now);
}

Error refusal(HttpReply reply) {
  try {
    answer(std::move(reply));
  } catch (const Error& error) {
    return error;
  }
  FAIL("was accepted");
  return Error(ErrorCode::internal, "");
}

}  // namespace

TEST_CASE("a 2xx with a JSON object is a reply") {
  CHECK(std::get<replica::Reply>(answer({200, R"({"applied":[]})", "", ""})).body == R"({"applied":[]})");
  CHECK(std::get<replica::Reply>(answer({201, " {}\r\n", "", ""})).body == " {}\r\n");
}

TEST_CASE("401 and 403 are Forbidden with the server's words") {
  const auto forbidden =
      std::get<replica::Forbidden>(answer({403, R"({"message":"wrong \u0022token\u0022"})", "", ""}));
  CHECK(forbidden.reason == "http://server/tether/push answered 403: wrong \"token\"");
  CHECK(std::holds_alternative<replica::Forbidden>(answer({401, "<html>", "", ""})));
}

TEST_CASE("429 and 5xx are Unreachable, and say when to come back") {
  const auto busy = std::get<replica::Unreachable>(answer({503, R"({"message":"the store is busy"})", "", "7"}));
  CHECK(busy.reason == "http://server/tether/push answered 503: the store is busy");
  CHECK(busy.retry_after == 7'000ms);
  CHECK(busy.worth_retrying);
  CHECK(std::get<replica::Unreachable>(answer({429, "", "", "Sat, 21 Nov 2026 21:30:30 GMT"})).retry_after == 30'000ms);
  CHECK(std::get<replica::Unreachable>(answer({500, "<h1>Oops</h1>", "", ""})).retry_after == std::nullopt);
}

TEST_CASE("a Retry-After is bounded, and nonsense is no Retry-After") {
  CHECK(net::parse_retry_after("0", k_now) == 0ms);
  CHECK(net::parse_retry_after("-5", k_now) == 0ms);
  CHECK(net::parse_retry_after("99999999999", k_now) == 24h);
  CHECK(net::parse_retry_after("Fri, 20 Nov 2026 21:30:30 GMT", k_now) == 0ms);
  CHECK(net::parse_retry_after("soon", k_now) == std::nullopt);
  CHECK(net::parse_retry_after("", k_now) == std::nullopt);
  CHECK(net::parse_retry_after("7 seconds", k_now) == std::nullopt);
}

TEST_CASE("a redirect names where to, and what to set") {
  const Error error = refusal({302, "", "https://other/tether/push", ""});
  CHECK(error.code() == ErrorCode::unexpected_reply);
  CHECK(std::string(error.what()) == "http://server/tether/push redirects to https://other/tether/push");
  CHECK(error.hint().ends_with("set its address to https://other/tether."));
  CHECK(std::string(refusal({301, "", "", ""}).what()).ends_with("answered 301 without a Location"));
}

TEST_CASE("what is no JSON object is shown in one line, shortened") {
  const Error error = refusal({200, "\n<!DOCTYPE html>\n<title>Log in</title>" + std::string(200, 'x'), "", ""});
  CHECK(error.code() == ErrorCode::unexpected_reply);
  CHECK(std::string(error.what()) ==
        "http://server/tether/push answered 200 with something that is no JSON object: <!DOCTYPE html> <title>Log "
        "in</title>" +
            std::string(43, 'x'));
  for (const char* body : {"", "null", "\"text\"", "[]", "{", "\xef\xbb\xbf{}"}) {
    CAPTURE(body);
    CHECK(refusal({200, body, "", ""}).code() == ErrorCode::unexpected_reply);
  }
  CHECK(refusal({204, "", "", ""}).code() == ErrorCode::unexpected_reply);
}

TEST_CASE("a cut of the excerpt never splits a character") {
  const Error error = refusal({200, std::string(79, 'a') + "\xc3\xa9\xc3\xa9", "", ""});
  CHECK(std::string(error.what()).ends_with(std::string(79, 'a')));
}

TEST_CASE("any other 4xx carries the server's words") {
  const Error error = refusal({413, R"({"message":"the body is too long","error":{}})", "", ""});
  CHECK(error.code() == ErrorCode::too_large);
  CHECK(std::string(error.what()) == "http://server/tether/push answered 413: the body is too long");
  CHECK(refusal({404, "<html>", "", ""}).hint().find("prefix") != std::string::npos);
  CHECK(refusal({400, R"({"message":7})", "", ""}).code() == ErrorCode::unexpected_reply);
  CHECK(refusal({101, "", "", ""}).code() == ErrorCode::unexpected_reply);
}
