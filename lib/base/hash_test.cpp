// SPDX-License-Identifier: MIT
#include "base/hash.hpp"

#include <doctest/doctest.h>

#include "base/ulid.hpp"

TEST_CASE("the content hash is XXH3-128 in hexadecimal") {
  CHECK(tether::content_hash("") == "99aa06d3014798d86001c324468d497f");  // published by xxHash
  CHECK(tether::content_hash("a") != tether::content_hash("b"));
  CHECK(tether::content_hash({"a\0", 2}) != tether::content_hash("a"));
}

TEST_CASE("an id made from content is a valid ULID and always the same") {
  const std::string id = tether::ulid_from_content("row 1");
  CHECK(id == tether::ulid_from_content("row 1"));
  CHECK(id != tether::ulid_from_content("row 2"));
  CHECK(tether::Ulid::parse(id)->text() == id);
  CHECK(tether::ulid_from_content("") == "4SN83D60A7K3C600E34H38TJBZ");
}
