// SPDX-License-Identifier: MIT
#include "service/token_text.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/ulid.hpp"

namespace tether::service {

namespace {

constexpr std::string_view k_prefix = "tether_";  // so that people, and scanners of repositories, know what it is
constexpr std::size_t k_id_length = 26;
constexpr std::size_t k_secret_words = 4;  // of 64 bits
constexpr std::size_t k_secret_length = k_secret_words * 16;
constexpr std::string_view k_digits = "0123456789abcdef";

std::string hexadecimal(std::uint64_t word) {
  std::string text(16, '0');
  for (std::size_t at = text.size(); at-- > 0; word >>= 4) text[at] = k_digits[word & 15];
  return text;
}

}  // namespace

std::string make_token_text(std::string_view id, Random& random) {
  std::string token = std::string(k_prefix) + std::string(id) + "_";
  for (std::size_t i = 0; i < k_secret_words; ++i) token += hexadecimal(random.next());
  return token;
}

std::string hash_of_token(std::string_view token) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  std::string text;
  for (const unsigned char byte : digest) {
    text += k_digits[byte >> 4];
    text += k_digits[byte & 15];
  }
  return text;
}

std::optional<PresentedToken> read_token_text(std::string_view token) {
  if (token.size() != k_prefix.size() + k_id_length + 1 + k_secret_length) return std::nullopt;
  const std::string_view id = token.substr(k_prefix.size(), k_id_length);
  const std::string_view secret = token.substr(token.size() - k_secret_length);
  const bool sound = token.starts_with(k_prefix) && Ulid::parse(id) && token[k_prefix.size() + k_id_length] == '_' &&
                     secret.find_first_not_of(k_digits) == std::string_view::npos;
  if (!sound) return std::nullopt;
  return PresentedToken{std::string(id), hash_of_token(token)};
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view k_scheme = "bearer ";
  const auto same = [](char given, char expected) {
    return (given >= 'A' && given <= 'Z' ? given + 32 : given) == expected;
  };
  if (authorization.size() < k_scheme.size() ||
      !std::equal(k_scheme.begin(), k_scheme.end(), authorization.begin(),
                  [&](char expected, char given) { return same(given, expected); })) {
    return {};
  }
  authorization.remove_prefix(k_scheme.size());
  return authorization.substr(std::min(authorization.find_first_not_of(' '), authorization.size()));
}

bool same_hash(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace tether::service
