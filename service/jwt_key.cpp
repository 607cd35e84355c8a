// SPDX-License-Identifier: MIT
#include "service/jwt_key.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "service/base64url.hpp"
#include "service/json_members.hpp"

namespace tether::service {

namespace {

constexpr std::string_view k_hs256 = "HS256";
constexpr std::string_view k_rs256 = "RS256";
constexpr std::string_view k_es256 = "ES256";

constexpr std::size_t k_secret_bytes_min = 32;  // RFC 7518, 3.2: as long as what SHA-256 gives
constexpr int k_rsa_bits_min = 2'048;           // RFC 7518, 3.3
constexpr int k_rsa_bits_max = 8'192;           // a larger one takes a millisecond for each request
constexpr std::size_t k_half_bytes = 32;        // of an ES256 signature, and of a point on P-256
constexpr std::string_view k_p256 = "prime256v1";

template <class Object, void (*free)(Object*)>
struct Free {
  void operator()(Object* object) const { free(object); }
};
using Bio = std::unique_ptr<BIO, Free<BIO, BIO_free_all>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM, OSSL_PARAM_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG, ECDSA_SIG_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX, EVP_MD_CTX_free>>;
using PublicKey = std::shared_ptr<EVP_PKEY>;

[[noreturn]] void refuse(const std::string& message, std::string hint = {}) {
  throw Error(ErrorCode::usage, message, std::move(hint));
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

PublicKey owned(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

/// Public keys and certificates are known to everyone: as a secret of HS256 they would be one that everyone has.
bool is_public_der(const std::string& content) {
  const unsigned char* at = bytes_of(content);
  const auto length = static_cast<long>(content.size());
  const PublicKey key = owned(d2i_PUBKEY(nullptr, &at, length));
  at = bytes_of(content);
  const std::unique_ptr<X509, Free<X509, X509_free>> certificate(d2i_X509(nullptr, &at, length));
  ERR_clear_error();
  return key || certificate;
}

/// Throws for a text that is another kind of key than a secret.
void expect_secret(const std::string& content) {
  constexpr const char* k_hint =
      "A key of RS256 or ES256 is a PEM file (-----BEGIN PUBLIC KEY-----); one of HS256 holds random bytes: openssl "
      "rand "
      "-out FILE 64.";
  if (content.starts_with("ssh-") || content.starts_with("ecdsa-sha2-")) refuse("holds a key of SSH", k_hint);
  if (is_public_der(content)) refuse("holds a public key or a certificate as DER, not as PEM", k_hint);
  if (json_members(content)) refuse("holds a JSON object", "A JWKS file is named by --jwt-jwks.");
  if (content.size() < k_secret_bytes_min) {
    refuse("holds " + std::to_string(content.size()) + " bytes: a key of HS256 has at least " +
               std::to_string(k_secret_bytes_min),
           k_hint);
  }
}

std::string curve_of(const PublicKey& key) {
  std::array<char, 80> name{};
  EVP_PKEY_get_utf8_string_param(key.get(), OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), nullptr);
  return name.data();
}

/// Null when the parts make no key.
PublicKey key_from(const char* kind, const ParameterBuilder& builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return owned(key);
}

/// A member that a key of its kind cannot be without.
std::string bytes_member(const JsonMembers& jwk, std::string_view name) {
  const auto text = text_member(jwk, name);
  const auto bytes = text ? decode_base64url(*text) : std::nullopt;
  if (!bytes || bytes->empty()) refuse(std::string(name) + " is missing or no base64url");
  return *bytes;
}

PublicKey rsa_key(const JsonMembers& jwk) {
  const std::string modulus = bytes_member(jwk, "n");
  const std::string exponent = bytes_member(jwk, "e");
  const Number n(BN_bin2bn(bytes_of(modulus), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_bin2bn(bytes_of(exponent), static_cast<int>(exponent.size()), nullptr));
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return key_from("RSA", builder);
}

PublicKey p256_key(const JsonMembers& jwk) {
  const std::string x = bytes_member(jwk, "x");
  const std::string y = bytes_member(jwk, "y");
  if (x.size() != k_half_bytes || y.size() != k_half_bytes) refuse("x and y of a key on P-256 have 32 bytes each");
  const std::string point = "\x04" + x + y;  // uncompressed
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, k_p256.data(), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  return key_from("EC", builder);
}

/// What a token carries are two numbers side by side; OpenSSL reads them as ASN.1. Empty when they are none.
std::string es256_as_asn1(std::string_view signature) {
  if (signature.size() != 2 * k_half_bytes) return {};
  const EcdsaSignature pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(signature), k_half_bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + k_half_bytes, k_half_bytes, nullptr);
  if (!pair || ECDSA_SIG_set0(pair.get(), r, s) != 1) {  // else they are the pair's from here on
    BN_free(r);
    BN_free(s);
    return {};
  }
  std::string text(static_cast<std::size_t>(std::max(i2d_ECDSA_SIG(pair.get(), nullptr), 0)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(text.data());
  i2d_ECDSA_SIG(pair.get(), &out);
  return text;
}

bool is_of_secret(const std::string& secret, std::string_view text, std::string_view signature) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> expected;
  unsigned int length = 0;
  const bool made = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(text), text.size(),
                         expected.data(), &length) != nullptr;
  return made && signature.size() == length && CRYPTO_memcmp(signature.data(), expected.data(), length) == 0;
}

bool is_of_key(const PublicKey& key, std::string_view text, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  const bool verified =
      context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  return verified;
}

/// What a JWK says of its own use: whether that is to verify signatures of `algorithm`.
bool is_meant_for(const JsonMembers& jwk, std::string_view algorithm) {
  if (jwk.contains("use") && text_member(jwk, "use") != "sig") return false;
  if (jwk.contains("alg") && text_member(jwk, "alg") != algorithm) return false;
  const auto operations = texts_member(jwk, "key_ops");
  return !jwk.contains("key_ops") || (operations && std::ranges::count(*operations, "verify") > 0);
}

}  // namespace

JwtKey JwtKey::from_secret(std::string secret) {
  return {k_hs256, std::move(secret), nullptr};
}

JwtKey JwtKey::from_public_key(std::shared_ptr<evp_pkey_st> key) {
  const KeyContext context(key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
  const bool sound = context && EVP_PKEY_public_check(context.get()) == 1;
  ERR_clear_error();
  if (!sound) refuse("holds a key that is damaged");
  if (EVP_PKEY_is_a(key.get(), "EC") == 1 && curve_of(key) == k_p256) return {k_es256, {}, std::move(key)};
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1) {
    refuse("holds another key than one of RSA (RS256) or of the curve P-256 (ES256)");
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < k_rsa_bits_min || bits > k_rsa_bits_max) {
    refuse("holds an RSA key of " + std::to_string(bits) + " bits: it has " + std::to_string(k_rsa_bits_min) + " to " +
           std::to_string(k_rsa_bits_max));
  }
  return {k_rs256, {}, std::move(key)};
}

JwtKey JwtKey::from_pem(const std::string& content) {
  if (content.find("PRIVATE KEY-----") != std::string::npos) {
    refuse("holds a private key: who has it can make tokens",
           "The service needs the public one: openssl pkey -in PRIVATE -pubout -out PUBLIC.");
  }
  const bool one_key = content.find("-----BEGIN PUBLIC KEY-----") != std::string::npos &&
                       content.find("-----BEGIN ") == content.rfind("-----BEGIN ");
  if (!one_key) {
    refuse("is PEM, but not of one PUBLIC KEY",
           "From a certificate: openssl x509 -in CERTIFICATE -noout -pubkey -out PUBLIC; several keys: --jwt-jwks.");
  }
  const Bio bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  return from_public_key(owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)));
}

JwtKey JwtKey::from_file_content(const std::string& content) {
  if (content.find("-----BEGIN ") != std::string::npos) return from_pem(content);
  expect_secret(content);
  return from_secret(content);
}

std::optional<JwtKey> JwtKey::from_jwk(std::string_view json) {
  const auto jwk = json_members(json);
  if (!jwk) refuse("is no JSON object with each member once");
  const std::string kind = text_member(*jwk, "kty").value_or("");
  std::optional<JwtKey> key;
  if (kind != "oct" && jwk->contains("d")) refuse("is a private key: who has it can make tokens");
  if (kind == "oct" && is_meant_for(*jwk, k_hs256)) {
    std::string secret = bytes_member(*jwk, "k");
    if (secret.size() < k_secret_bytes_min) refuse("k has less than 32 bytes");
    key = from_secret(std::move(secret));
  } else if (kind == "RSA" && is_meant_for(*jwk, k_rs256)) {
    key = from_public_key(rsa_key(*jwk));
  } else if (kind == "EC" && text_member(*jwk, "crv") == "P-256" && is_meant_for(*jwk, k_es256)) {
    key = from_public_key(p256_key(*jwk));
  }
  if (key && jwk->contains("kid")) {
    key->id_ = text_member(*jwk, "kid");
    if (!key->id_) refuse("kid is no text");
  }
  return key;
}

bool JwtKey::verifies(std::string_view text, std::string_view signature) const {
  if (!public_key_) return is_of_secret(secret_, text, signature);
  if (algorithm_ == k_rs256) return is_of_key(public_key_, text, signature);
  const std::string pair = es256_as_asn1(signature);
  return !pair.empty() && is_of_key(public_key_, text, pair);
}

}  // namespace tether::service
