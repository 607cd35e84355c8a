// SPDX-License-Identifier: MIT
#include "base/nearest.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tether {
namespace {

TEST_CASE("the word that was meant is found when letters are wrong, missing or swapped") {
  CHECK(nearest("confict", {"conflict", "merge", "fields"}) == "conflict");
  CHECK(nearest("filds", {"conflict", "merge", "fields"}) == "fields");
  CHECK(nearest("megre", {"conflict", "merge", "fields"}) == "merge");
  CHECK(nearest("time", {"timestamps", "rename"}) == "timestamps");
}

TEST_CASE("what resembles nothing is not guessed at") {
  CHECK(nearest("zzzz", {"conflict", "merge"}).empty());
  CHECK(nearest("x", {"conflict", "merge"}).empty());
  CHECK(nearest(std::string(10'000, 'm'), {"conflict", "merge"}).empty());
  CHECK(nearest("conflict", {}).empty());
}

}  // namespace
}  // namespace tether
