// SPDX-License-Identifier: MIT
// For tests: keys, and JSON Web Tokens of any header and payload signed with them. Written with OpenSSL's own calls, so
// that what signs shares nothing with what verifies but the base64.
#pragma once

#include <doctest/doctest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <fstream>
#include <memory>
#include <string>

#include "service/base64url.hpp"

namespace tether::service {

/// A private key.
class Signer {
 public:
  static Signer rsa(unsigned int bits = 2'048) { return Signer(EVP_RSA_gen(bits)); }
  static Signer p256() { return Signer(EVP_EC_gen("P-256")); }
  explicit Signer(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}

  std::string public_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_.get());
    return content(bio);
  }
  std::string private_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return content(bio);
  }
  std::string public_der() const {
    BIO* bio = BIO_new(BIO_s_mem());
    i2d_PUBKEY_bio(bio, key_.get());
    return content(bio);
  }
  /// The public key's JWK, with `members` (as in `"kid":"a"`) among its members.
  std::string jwk(const std::string& members) const {
    if (EVP_PKEY_is_a(key_.get(), "RSA") == 1) {
      return R"({"kty":"RSA",)" + members + R"(,"n":")" + number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
             number(OSSL_PKEY_PARAM_RSA_E) + "\"}";
    }
    return R"({"kty":"EC","crv":"P-256",)" + members + R"(,"x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X) + R"(","y":")" +
           number(OSSL_PKEY_PARAM_EC_PUB_Y) + "\"}";
  }
  /// As RS256 or ES256 has it.
  std::string signature(const std::string& text) const {
    const std::string asn1 = digest_signature(text);
    if (EVP_PKEY_is_a(key_.get(), "RSA") == 1) return asn1;
    const auto* at = reinterpret_cast<const unsigned char*>(asn1.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(asn1.size()));
    std::string halves(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(halves.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
    ECDSA_SIG_free(pair);
    return halves;
  }
  /// As OpenSSL gives it.
  std::string digest_signature(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::size_t length = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context, nullptr, &length, bytes, text.size());
    std::string signature(length, '\0');
    REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length, bytes, text.size()) ==
            1);
    signature.resize(length);
    EVP_MD_CTX_free(context);
    return signature;
  }

 private:
  static std::string content(BIO* bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(length));
    BIO_free(bio);
    return text;
  }
  std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key_.get(), name, &value) == 1);
    const bool is_half = EVP_PKEY_is_a(key_.get(), "RSA") != 1;
    std::string bytes(static_cast<std::size_t>(is_half ? 32 : BN_num_bytes(value)), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    BN_free(value);
    return encode_base64url(bytes);
  }

  std::shared_ptr<EVP_PKEY> key_;
};

/// Made once: an RSA key takes its time.
inline const Signer& rsa_signer() {
  static const Signer signer = Signer::rsa();
  return signer;
}
inline const Signer& p256_signer() {
  static const Signer signer = Signer::p256();
  return signer;
}

inline std::string hs256_signature(const std::string& secret, const std::string& text) {
  std::string signature(32, '\0');
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(signature.data()), nullptr);
  return signature;
}

inline std::string signed_text(const std::string& header, const std::string& payload) {
  return encode_base64url(header) + "." + encode_base64url(payload);
}

inline std::string make_jwt(const Signer& signer, const std::string& header, const std::string& payload) {
  const std::string text = signed_text(header, payload);
  return text + "." + encode_base64url(signer.signature(text));
}

inline std::string make_hs256_jwt(const std::string& secret, const std::string& header, const std::string& payload) {
  const std::string text = signed_text(header, payload);
  return text + "." + encode_base64url(hs256_signature(secret, text));
}

/// Returns the path.
inline std::string write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  return path;
}

}  // namespace tether::service
