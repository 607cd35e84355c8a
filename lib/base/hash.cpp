// SPDX-License-Identifier: MIT
#include "base/hash.hpp"

#include <algorithm>

#include "base/ulid.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tether {

namespace {

XXH128_canonical_t digest_of(std::string_view text) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(text.data(), text.size()));
  return digest;
}

}  // namespace

std::string content_hash(std::string_view text) {
  constexpr std::string_view k_hexadecimal = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest_of(text).digest) {
    out += k_hexadecimal[byte >> 4];
    out += k_hexadecimal[byte & 15];
  }
  return out;
}

std::string ulid_from_content(std::string_view text) {
  const XXH128_canonical_t digest = digest_of(text);
  Ulid ulid;
  std::copy(std::begin(digest.digest), std::end(digest.digest), ulid.bytes.begin());
  return ulid.text();
}

}  // namespace tether
