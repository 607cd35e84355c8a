// SPDX-License-Identifier: MIT
#include "service/token_text.hpp"

#include <doctest/doctest.h>

using namespace tether;
using namespace tether::service;

namespace {

constexpr char k_id[] = "01KAK300000000000000000001";

}  // namespace

TEST_CASE("a token is read back with its id and the hash that the store keeps") {
  SeededRandom random(1);
  const std::string token = make_token_text(k_id, random);
  CHECK(token.size() == 98);
  const auto presented = read_token_text(token);
  REQUIRE(presented);
  CHECK(presented->id == k_id);
  CHECK(presented->hash == hash_of_token(token));
  CHECK(presented->hash.find(token.substr(40)) == std::string::npos);
  CHECK(make_token_text(k_id, random) != token);
}

TEST_CASE("the hash is SHA-256") {
  CHECK(hash_of_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("what cannot be a token is known without asking the store") {
  SeededRandom random(1);
  const std::string token = make_token_text(k_id, random);
  for (std::size_t length = 0; length < token.size(); ++length) CHECK_FALSE(read_token_text(token.substr(0, length)));
  CHECK_FALSE(read_token_text(token + "0"));
  CHECK_FALSE(read_token_text("secret_" + token.substr(7)));
  for (const std::size_t at : {0, 10, 33, 34, 97}) {
    std::string changed = token;
    changed[at] = '\'';
    CHECK_FALSE(read_token_text(changed));
  }
}

TEST_CASE("the token stands after Bearer, in any spelling of it") {
  CHECK(bearer_token("Bearer abc") == "abc");
  CHECK(bearer_token("bEARER   abc") == "abc");
  for (const char* header : {"", "Bearer", "Bearer ", "Bearerabc", "Basic abc", "abc"}) {
    CAPTURE(header);
    CHECK(bearer_token(header).empty());
  }
}

TEST_CASE("only equal hashes are the same") {
  CHECK(same_hash("aa", "aa"));
  CHECK_FALSE(same_hash("aa", "ab"));
  CHECK_FALSE(same_hash("aa", "aaa"));
  CHECK_FALSE(same_hash("", "a"));
}
