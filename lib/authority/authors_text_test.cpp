// SPDX-License-Identifier: MIT
#include "authority/authors_text.hpp"

#include <doctest/doctest.h>

namespace tether::authority {
namespace {

const rules::Authors k_two = {{ClientId{"ben"}, Rev{4}, 1000, 3, {"title", "a \"b\"\\\n"}},
                              {ClientId{"cy"}, Rev{1}, -7, 0, {"done"}}};

TEST_CASE("the authors of a record are read as they were written") {
  const std::string text = authors_text(k_two, Rev{6});
  CHECK(text ==
        R"({"rev":6,"authors":[{"client":"ben","rev":4,"at_ms":1000,"version":3,"fields":["title","a \"b\"\\\n"]},)"
        R"({"client":"cy","rev":1,"at_ms":-7,"version":0,"fields":["done"]}]})");
  CHECK(read_authors(text, Rev{6}) == k_two);
}

TEST_CASE("of another revision they say nothing") {
  CHECK(read_authors(authors_text(k_two, Rev{6}), Rev{7}).empty());
}

TEST_CASE("where there are none there is no text") {
  CHECK(authors_text({}, Rev{6}).empty());
  CHECK(read_authors("", Rev{0}).empty());
}

}  // namespace
}  // namespace tether::authority
