// SPDX-License-Identifier: MIT
// What a file of keys may hold.
#include "service/jwt_keys.hpp"

#include "base/error.hpp"
#include "service/fixture.hpp"
#include "service/jwt_fixture.hpp"

using namespace tether;
using namespace tether::service;

namespace {

const std::string k_secret(32, 's');
const std::string k_text = "what is signed";

JwtOptions key_file(const std::string& path) {
  JwtOptions options;
  options.key_file = path;
  return options;
}

JwtOptions jwks_file(const std::string& path) {
  JwtOptions options;
  options.jwks_file = path;
  return options;
}

std::string refusal(const JwtOptions& options) {
  try {
    const JwtKeys keys(options);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    return error.what();
  }
  FAIL("was accepted");
  return {};
}

class KeyFolder : public Folder {
 public:
  JwtKeys key(const std::string& content) { return JwtKeys(key_file(write_file(file("key"), content))); }
  JwtKeys jwks(const std::string& keys) { return JwtKeys(jwks_file(write_file(file("jwks"), in_set(keys)))); }
  std::string key_refusal(const std::string& content) { return refusal(key_file(write_file(file("key"), content))); }
  std::string jwks_refusal(const std::string& content) { return refusal(jwks_file(write_file(file("jwks"), content))); }
  static std::string in_set(const std::string& keys) { return R"({"keys":[)" + keys + "]}"; }
};

std::string oct(const std::string& members, const std::string& secret = k_secret) {
  return R"({"kty":"oct",)" + members + R"(,"k":")" + encode_base64url(secret) + "\"}";
}

std::string replaced(std::string text, const std::string& old, const std::string& by) {
  REQUIRE(text.find(old) != std::string::npos);
  return text.replace(text.find(old), old.size(), by);
}

}  // namespace

TEST_CASE("what a key file holds decides its algorithm") {
  KeyFolder folder;
  const JwtKeys rsa = folder.key(rsa_signer().public_pem());
  CHECK(rsa.find({})->algorithm() == "RS256");
  CHECK(rsa.find("any name")->verifies(k_text, rsa_signer().signature(k_text)));
  const JwtKeys p256 = folder.key("a comment\n" + p256_signer().public_pem());
  CHECK(p256.find({})->algorithm() == "ES256");
  CHECK(p256.find({})->verifies(k_text, p256_signer().signature(k_text)));
  const JwtKeys secret = folder.key(k_secret);
  CHECK(secret.find({})->algorithm() == "HS256");
  CHECK(secret.find({})->verifies(k_text, hs256_signature(k_secret, k_text)));
  CHECK(secret.description() == "one key of HS256 from " + folder.file("key"));
}

TEST_CASE("a secret is all the bytes of its file, whatever they are") {
  KeyFolder folder;
  for (const std::string& secret : {k_secret + "\n", std::string(32, '\0'), "{" + k_secret, std::string(300, '\xff')}) {
    const JwtKeys keys = folder.key(secret);
    CHECK(keys.find({})->verifies(k_text, hs256_signature(secret, k_text)));
    CHECK_FALSE(keys.find({})->verifies(k_text, hs256_signature(k_secret, k_text)));
  }
}

TEST_CASE("a signature holds for its text and its key only") {
  KeyFolder folder;
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {k_secret, hs256_signature(k_secret, k_text), hs256_signature(std::string(32, 't'), k_text)},
      {rsa_signer().public_pem(), rsa_signer().signature(k_text), Signer::rsa().signature(k_text)},
      {p256_signer().public_pem(), p256_signer().signature(k_text), Signer::p256().signature(k_text)}};
  for (const auto& [content, right, of_another_key] : cases) {
    const JwtKeys keys = folder.key(content);
    const auto key = keys.find({});
    CAPTURE(key->algorithm());
    CHECK(key->verifies(k_text, right));
    CHECK_FALSE(key->verifies("what is signee", right));
    CHECK_FALSE(key->verifies("", right));
    CHECK_FALSE(key->verifies(k_text, ""));
    CHECK_FALSE(key->verifies(k_text, of_another_key));
    CHECK_FALSE(key->verifies(k_text, right + std::string(1, '\0')));
    for (std::size_t length = 0; length < right.size(); ++length) {
      CHECK_FALSE(key->verifies(k_text, right.substr(0, length)));
    }
    for (std::size_t at = 0; at < right.size(); at += 7) {
      std::string changed = right;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      CHECK_FALSE(key->verifies(k_text, changed));
    }
    CHECK_FALSE(key->verifies(k_text, std::string(right.size(), '\0')));  // r and s of zero verified in CVE-2022-21449
    CHECK_FALSE(key->verifies(k_text, std::string(right.size(), '\xff')));
  }
}

TEST_CASE("ES256 is two numbers side by side, not ASN.1") {
  KeyFolder folder;
  CHECK_FALSE(
      folder.key(p256_signer().public_pem()).find({})->verifies(k_text, p256_signer().digest_signature(k_text)));
}

TEST_CASE("a key file that could let anyone in, or nobody, is refused") {
  KeyFolder folder;
  const std::string rsa = rsa_signer().public_pem();
  CHECK(folder.key_refusal("").find("holds 0 bytes: a key of HS256 has at least 32") != std::string::npos);
  CHECK(folder.key_refusal(std::string(31, 's')).find("holds 31 bytes") != std::string::npos);
  CHECK(folder.key_refusal(rsa_signer().private_pem()).find("a private key") != std::string::npos);
  CHECK(folder.key_refusal(p256_signer().private_pem()).find("a private key") != std::string::npos);
  CHECK(folder.key_refusal(rsa + p256_signer().public_pem()).find("not of one PUBLIC KEY") != std::string::npos);
  CHECK(
      folder.key_refusal("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").find("not of one PUBLIC") !=
      std::string::npos);
  CHECK(folder.key_refusal(rsa_signer().public_der()).find("as DER") != std::string::npos);
  CHECK(folder.key_refusal(p256_signer().public_der()).find("as DER") != std::string::npos);
  CHECK(folder.key_refusal("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ ann@laptop\n").find("SSH") != std::string::npos);
  CHECK(folder.key_refusal(KeyFolder::in_set(oct(R"("kid":"a")"))).find("JSON object") != std::string::npos);
  CHECK(folder.key_refusal(rsa.substr(0, rsa.size() / 2)).find("damaged") != std::string::npos);
  CHECK(folder.key_refusal(replaced(rsa, "MIIB", "MIIC")).find("damaged") != std::string::npos);
  CHECK(folder.key_refusal(Signer::rsa(1'024).public_pem()).find("RSA key of 1024 bits") != std::string::npos);
  CHECK(folder.key_refusal(Signer(EVP_EC_gen("P-384")).public_pem()).find("another key") != std::string::npos);
  CHECK(folder.key_refusal(Signer(EVP_EC_gen("secp256k1")).public_pem()).find("another key") != std::string::npos);
  CHECK(folder.key_refusal(Signer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")).public_pem()).find("another key") !=
        std::string::npos);
  CHECK(folder.key_refusal(std::string(2'000'000, 's')).find("longer than 1 MiB") != std::string::npos);
  CHECK(refusal(key_file(folder.file("none"))) == "jwt-key: '" + folder.file("none") + "': cannot be read");
  CHECK(refusal(key_file(folder.file("."))).find("cannot be read") != std::string::npos);
}

TEST_CASE("a JWKS file has a key for each kid, and what is meant for something else is left out") {
  KeyFolder folder;
  const JwtKeys keys = folder.jwks(rsa_signer().jwk(R"("kid":"r","use":"sig","alg":"RS256")") + "," +
                                   p256_signer().jwk(R"("kid":"e","key_ops":["verify"])") + "," + oct(R"("kid":"h")") +
                                   "," + rsa_signer().jwk(R"("kid":"enc","use":"enc")") + "," +
                                   rsa_signer().jwk(R"("kid":"pss","alg":"PS256")") + "," +
                                   p256_signer().jwk(R"("kid":"ops","key_ops":["deriveKey"])") +
                                   R"(,{"kty":"OKP","crv":"Ed25519","kid":"o","x":"AA"})");
  CHECK(keys.find("r")->verifies(k_text, rsa_signer().signature(k_text)));
  CHECK(keys.find("e")->verifies(k_text, p256_signer().signature(k_text)));
  CHECK(keys.find("h")->verifies(k_text, hs256_signature(k_secret, k_text)));
  CHECK_FALSE(keys.find("r")->verifies(k_text, p256_signer().signature(k_text)));
  for (const char* id : {"enc", "pss", "ops", "o", "", "R"}) CHECK(keys.find(id) == nullptr);
  CHECK(keys.find({}) == nullptr);
  CHECK(keys.description() == "3 of 7 keys from " + folder.file("jwks") + ": RS256 r, ES256 e, HS256 h");
}

TEST_CASE("of a JWKS file with one key, tokens need not name it, and may not name another") {
  KeyFolder folder;
  const JwtKeys named = folder.jwks(p256_signer().jwk(R"("kid":"e")"));
  CHECK(named.find({}) != nullptr);
  CHECK(named.find("e") != nullptr);
  CHECK(named.find("f") == nullptr);
  const JwtKeys nameless = folder.jwks(p256_signer().jwk(R"("use":"sig")"));
  CHECK(nameless.find({}) != nullptr);
  CHECK(nameless.find("e") == nullptr);
}

TEST_CASE("a JWKS file that is wrong is refused, and says which key is") {
  KeyFolder folder;
  const std::string good = p256_signer().jwk(R"("kid":"e")");
  for (const std::string& text : {std::string(), std::string("[]"), good, std::string(R"({"keys":{}})"),
                                  rsa_signer().public_pem(), R"({"keys":[],"keys":[)" + good + "]}"}) {
    CHECK(folder.jwks_refusal(text).find("holds no JWKS") != std::string::npos);
  }
  const std::pair<std::string, std::string> wrong[] = {
      {"", "no key of HS256, RS256 or ES256"},
      {rsa_signer().jwk(R"("use":"enc")"), "no key of HS256, RS256 or ES256"},
      {good + "," + good, "two keys with the kid e"},
      {good + "," + rsa_signer().jwk(R"("use":"sig")"), "one of them has no kid"},
      {good + ",7", "keys[1]: is no JSON object"},
      {good + R"(,{"kty":"RSA","n":"AQAB"})", "keys[1]: e is missing"},
      {R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", "keys[0]: holds"},
      {R"({"kty":"RSA","n":"A+==","e":"AQAB"})", "keys[0]: n is missing or no base64url"},
      {R"({"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"})", "keys[0]: x and y"},
      {R"({"kty":"EC","crv":"P-256","x":")" + std::string(43, 'A') + R"(","y":")" + std::string(43, 'A') + "\"}",
       "keys[0]: holds a key that is damaged"},
      {p256_signer().jwk(R"("kid":"e","d":"AQ")"), "keys[0]: is a private key"},
      {p256_signer().jwk(R"("kid":7)"), "keys[0]: kid is no text"},
      {oct(R"("kid":"h")", std::string(31, 's')), "keys[0]: k has less than 32 bytes"},
  };
  for (const auto& [keys, why] : wrong) {
    CAPTURE(keys);
    CHECK(folder.jwks_refusal(KeyFolder::in_set(keys)).find(why) != std::string::npos);
  }
}

TEST_CASE("keys are loaded anew, and what cannot be used leaves the old") {
  KeyFolder folder;
  JwtKeys keys(jwks_file(write_file(folder.file("jwks"), KeyFolder::in_set(oct(R"("kid":"old")")))));
  const auto old = keys.find("old");
  write_file(folder.file("jwks"), "{");
  CHECK_THROWS_AS(keys.load(), Error);
  CHECK(keys.find("old") == old);
  write_file(folder.file("jwks"), KeyFolder::in_set(oct(R"("kid":"new")")));
  keys.load();
  CHECK(keys.find("old") == nullptr);
  CHECK(keys.find("new") != nullptr);
  CHECK(old->verifies(k_text, hs256_signature(k_secret, k_text)));  // a request under way still has it
}
