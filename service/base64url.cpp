// SPDX-License-Identifier: MIT
#include "service/base64url.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace tether::service {

namespace {

constexpr std::string_view k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  if (text.find_first_not_of(k_alphabet) != std::string_view::npos) return std::nullopt;
  std::string usual(text);  // as OpenSSL reads it
  std::ranges::replace(usual, '-', '+');
  std::ranges::replace(usual, '_', '/');
  const std::size_t padding = (4 - usual.size() % 4) % 4;
  usual.append(padding, '=');
  std::string bytes(usual.size() / 4 * 3, '\0');
  const int decoded =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(usual), static_cast<int>(usual.size()));
  if (decoded < 0 || padding > 2) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  if (encode_base64url(bytes) != text) return std::nullopt;  // bits behind the last byte
  return bytes;
}

std::string encode_base64url(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // with the NUL that OpenSSL sets behind it
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  text.resize((bytes.size() * 4 + 2) / 3);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

}  // namespace tether::service
