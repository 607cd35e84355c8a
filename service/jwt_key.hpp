// SPDX-License-Identifier: MIT
// One key that JSON Web Tokens are verified with, by OpenSSL. What it is decides what it verifies, never what a token
// says: a public key is no secret, so as a key of HS256 it would let anyone in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace tether::service {

class JwtKey {
 public:
  /// RS256 or ES256: a file's content with one PUBLIC KEY; HS256: any other, all of its bytes being the key. Throws
  /// Error(usage) that says what is wrong with it.
  static JwtKey from_file_content(const std::string& content);
  /// A member of a JWKS file (RFC 7517). nullopt: sound, but meant for something else. Throws Error(usage).
  static std::optional<JwtKey> from_jwk(std::string_view json);

  /// `HS256`, `RS256` or `ES256`.
  std::string_view algorithm() const { return algorithm_; }
  /// What tokens call it; nullopt where it has no name.
  const std::optional<std::string>& id() const { return id_; }

  /// Whether `signature` is this key's of `text`. Safe from any thread.
  bool verifies(std::string_view text, std::string_view signature) const;

 private:
  JwtKey(std::string_view algorithm, std::string secret, std::shared_ptr<evp_pkey_st> public_key)
      : algorithm_(algorithm), secret_(std::move(secret)), public_key_(std::move(public_key)) {}
  static JwtKey from_secret(std::string secret);
  static JwtKey from_public_key(std::shared_ptr<evp_pkey_st> key);
  static JwtKey from_pem(const std::string& content);

  std::string_view algorithm_;
  std::optional<std::string> id_;
  std::string secret_;                       // of HS256
  std::shared_ptr<evp_pkey_st> public_key_;  // of the others
};

}  // namespace tether::service
