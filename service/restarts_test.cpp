// SPDX-License-Identifier: MIT
#include "service/restarts.hpp"

#include <doctest/doctest.h>

using namespace tether;
using namespace tether::service;
using std::chrono::milliseconds;

namespace {

/// Always the largest number.
class Largest final : public Random {
 public:
  std::uint64_t next() override { return ~std::uint64_t{0}; }
};

struct Policy {
  Largest random;
  Restarts restarts{{.first = milliseconds(200), .most = milliseconds(1'000)}, random};
  Restarts::TimePoint now{std::chrono::hours(1)};

  bool may_start() const { return now >= restarts.next(); }
  milliseconds wait_after_failure() {
    restarts.failed(now);
    return std::chrono::duration_cast<milliseconds>(restarts.next() - now);
  }
};

TEST_CASE("a program may start at once, and again after a single failure") {
  Policy policy;
  CHECK(policy.may_start());
  policy.restarts.failed(policy.now);
  CHECK(policy.may_start());
}

TEST_CASE("each further failure is waited for within a longer time, up to a bound, and an answer ends it") {
  Policy policy;
  policy.restarts.failed(policy.now);
  // What 2^64 - 1 leaves when divided by 201, 401, 801 and then 1001: chance takes part of each bound.
  for (const int expected : {150, 62, 600, 15, 15}) CHECK(policy.wait_after_failure() == milliseconds(expected));
  CHECK(!policy.may_start());
  policy.now += milliseconds(15);
  CHECK(policy.may_start());
  policy.restarts.answered();
  policy.restarts.failed(policy.now);
  CHECK(policy.may_start());
}

}  // namespace
