// SPDX-License-Identifier: MIT
#include "net/resolve.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace tether::net;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

bool never() {
  return false;
}

Addresses slowly(const std::string&) {
  std::this_thread::sleep_for(600ms);
  return {{"192.0.2.1"}, {}};
}

}  // namespace

TEST_CASE("a name has its addresses, a number is one itself, and a name that does not exist has a reason") {
  const auto found = resolve("localhost", steady_clock::now() + 10s, never);
  REQUIRE(found);
  CHECK(std::ranges::find(found->numeric, "127.0.0.1") != found->numeric.end());
  CHECK(is_numeric_address("127.0.0.1"));
  CHECK(is_numeric_address("::1"));
  CHECK_FALSE(is_numeric_address("localhost"));
  const Addresses none = look_up("no-such-host.invalid");
  CHECK(none.numeric.empty());
  CHECK_FALSE(none.failure.empty());
}

TEST_CASE("a nameserver that does not answer is waited for until the deadline, or until somebody gives up") {
  const auto started = steady_clock::now();
  CHECK_FALSE(resolve("server", started + 50ms, never, slowly));
  std::atomic<int> asked{0};
  CHECK_FALSE(resolve(
      "server", started + 10s, [&] { return ++asked > 2; }, slowly));
  CHECK(steady_clock::now() - started < 400ms);
  CHECK(resolve("server", started + 10s, never, slowly)->numeric.front() == "192.0.2.1");
}
