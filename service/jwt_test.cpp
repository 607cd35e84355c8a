// SPDX-License-Identifier: MIT
// Which tokens prove who asks, and which prove nothing.
#include "service/jwt.hpp"

#include "service/fixture.hpp"
#include "service/jwt_fixture.hpp"

using namespace tether;
using namespace tether::service;

namespace {

constexpr char k_header[] = R"({"alg":"ES256","typ":"JWT"})";
constexpr char k_claims[] = R"({"exp":2000000000,"tether_scope":"school"})";
const std::string k_secret(32, 's');

/// Keys of a file, and what they say of a token.
class Verifier {
 public:
  explicit Verifier(const std::string& key = p256_signer().public_pem(),
                    const std::function<void(JwtOptions&)>& change = {}) {
    options.key_file = write_file(folder_.file("key"), key);
    if (change) change(options);
    keys_ = std::make_unique<JwtKeys>(options);
  }

  Identified identify(const std::string& token) const { return identify_jwt(token, *keys_, options); }
  Identity identity(const std::string& token) const {
    const Identified found = identify(token);
    if (const auto* unproven = std::get_if<Unproven>(&found)) FAIL(unproven->message);
    return std::get<Identity>(found);
  }
  /// `code: message`, or empty when the token proves somebody.
  std::string refusal(const std::string& token) const {
    const Identified found = identify(token);
    const auto* unproven = std::get_if<Unproven>(&found);
    return unproven == nullptr ? "" : std::string(unproven->code) + ": " + unproven->message;
  }

  JwtOptions options;

 private:
  Folder folder_;
  std::unique_ptr<JwtKeys> keys_;
};

std::string genuine(const std::string& payload, const std::string& header = k_header) {
  return make_jwt(p256_signer(), header, payload);
}

/// k_claims and these.
std::string claims(const std::string& more) {
  return R"({"exp":2000000000,"tether_scope":"school",)" + more + "}";
}

constexpr char k_no_jwt[] = "token_unknown: the token is no JSON Web Token";

}  // namespace

TEST_CASE("a token that is signed with the key says who asks") {
  const Verifier verifier;
  const Identity identity = verifier.identity(genuine(
      R"({"iss":"https://id.example","sub":"ann@example","exp":2000000000.5,"nbf":1000,"iat":999.25,)"
      R"("tether_scope":"school","tether_can":["pull","push"],"tether_client":"laptop-7", "institution": 12345678901234567890})"));
  CHECK(identity.id == "https://id.example ann@example");
  CHECK(identity.scope == Scope{"school"});
  CHECK(identity.client == ClientId{"laptop-7"});
  CHECK(identity.rights == "push,pull");
  CHECK(identity.until_ms == 2'000'000'000'500);
  CHECK(identity.from_ms == 1'000'000);
  CHECK_FALSE(identity.revoked);
  // All of it, as it was written, on one line.
  CHECK(
      identity.claims ==
      R"({"iss":"https://id.example","sub":"ann@example","exp":2000000000.5,"nbf":1000,"iat":999.25,)"
      R"("tether_scope":"school","tether_can":["pull","push"],"tether_client":"laptop-7","institution":12345678901234567890})");
}

TEST_CASE("each algorithm is verified with its key") {
  CHECK(Verifier(k_secret).refusal(make_hs256_jwt(k_secret, R"({"alg":"HS256"})", k_claims)).empty());
  CHECK(Verifier(rsa_signer().public_pem()).refusal(make_jwt(rsa_signer(), R"({"alg":"RS256"})", k_claims)).empty());
  CHECK(Verifier().refusal(genuine(k_claims)).empty());
}

TEST_CASE("the example of RFC 7515, A.3, verifies") {
  const Verifier verifier(R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                          R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})",
                          [](JwtOptions& options) {
                            options.jwks_file = std::move(options.key_file);
                            options.key_file.clear();
                            options.scope_claim = "iss";
                          });
  const std::string signed_part =
      "eyJhbGciOiJFUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
  const std::string signature =
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  const Identity joe = verifier.identity(signed_part + signature);
  CHECK(joe.scope == Scope{"joe"});
  CHECK(joe.claims == R"({"iss":"joe","exp":1300819380,"http://example.com/is_root":true})");
  CHECK(verifier.refusal(signed_part + "E" + signature.substr(1)) ==
        "token_unknown: the token is not signed with a key known here");
}

TEST_CASE("no signature is none: alg none in any spelling") {
  for (const std::string& key : {k_secret, rsa_signer().public_pem(), p256_signer().public_pem()}) {
    const Verifier verifier(key);
    for (const char* name : {"none", "None", "NONE", "nOnE", ""}) {
      const std::string text = signed_text(R"({"alg":")" + std::string(name) + "\"}", k_claims);
      CHECK(verifier.refusal(text + ".").find("names another algorithm") != std::string::npos);
      CHECK(verifier.refusal(text) == k_no_jwt);
      CHECK(verifier.refusal(text + "." + encode_base64url(hs256_signature("", text))).find("another algorithm") !=
            std::string::npos);
    }
  }
}

TEST_CASE("a public key is no secret: HS256 signed with any text of it is refused") {
  for (const Signer& signer : {rsa_signer(), p256_signer()}) {
    const Verifier verifier(signer.public_pem());
    std::string pem = signer.public_pem();
    for (const std::string& secret : {pem, pem.substr(0, pem.size() - 1), signer.public_der(), std::string()}) {
      for (const char* algorithm : {"HS256", "RS256", "ES256"}) {
        const std::string header = R"({"alg":")" + std::string(algorithm) + "\"}";
        CHECK(verifier.refusal(make_hs256_jwt(secret, header, k_claims)).starts_with("token_unknown: "));
      }
    }
  }
}

TEST_CASE("a token cannot choose between keys of several kinds but by the name of one") {
  const std::string jwks = R"({"keys":[)" + rsa_signer().jwk(R"("kid":"r")") + "," + p256_signer().jwk(R"("kid":"e")") +
                           R"(,{"kty":"oct","kid":"h","k":")" + encode_base64url(k_secret) + "\"}]}";
  const Verifier verifier(jwks, [](JwtOptions& options) { std::swap(options.key_file, options.jwks_file); });
  CHECK(verifier.refusal(make_jwt(rsa_signer(), R"({"alg":"RS256","kid":"r"})", k_claims)).empty());
  CHECK(verifier.refusal(make_jwt(p256_signer(), R"({"alg":"ES256","kid":"e"})", k_claims)).empty());
  CHECK(verifier.refusal(make_hs256_jwt(k_secret, R"({"alg":"HS256","kid":"h"})", k_claims)).empty());
  const std::string public_rsa = rsa_signer().public_pem();
  for (const std::string& token : {
           make_hs256_jwt(public_rsa, R"({"alg":"HS256","kid":"r"})", k_claims),
           make_hs256_jwt(public_rsa, R"({"alg":"HS256","kid":"h"})", k_claims),
           make_hs256_jwt(k_secret, R"({"alg":"HS256","kid":"r"})", k_claims),
           make_jwt(rsa_signer(), R"({"alg":"RS256","kid":"e"})", k_claims),
           make_jwt(rsa_signer(), R"({"alg":"ES256","kid":"e"})", k_claims),
           make_jwt(p256_signer(), R"({"alg":"ES256","kid":"r"})", k_claims),
           make_jwt(p256_signer(), R"({"alg":"ES256"})", k_claims),
           make_jwt(p256_signer(), R"({"alg":"ES256","kid":"x"})", k_claims),
           make_jwt(p256_signer(), R"({"alg":"ES256","kid":"../../dev/null"})", k_claims),
           make_jwt(p256_signer(), R"({"alg":"ES256","kid":["e"]})", k_claims),
           make_jwt(p256_signer(), R"({"alg":"ES256","kid":null})", k_claims),
       }) {
    CHECK(verifier.refusal(token).starts_with("token_unknown: "));
  }
}

TEST_CASE("a key that a token brings along is not looked at") {
  const Verifier verifier;
  const Signer stranger = Signer::p256();
  const std::string header = R"({"alg":"ES256","jwk":)" + stranger.jwk(R"("use":"sig")") +
                             R"(,"jku":"https://evil.example/keys","x5u":"https://evil.example/x","x5c":["MIIB"]})";
  CHECK(verifier.refusal(make_jwt(stranger, header, k_claims)) ==
        "token_unknown: the token is not signed with a key known here");
  CHECK(verifier.refusal(genuine(k_claims, header)).empty());
}

TEST_CASE("a header that asks for more than is known here, or for something else, is refused") {
  const Verifier verifier;
  for (const char* header : {R"({"alg":"ES256","crit":["exp"]})", R"({"alg":"ES256","crit":[]})",
                             R"({"alg":"ES256","crit":null})", R"({"alg":"ES256","crit":["b64"],"b64":false})"}) {
    CHECK(verifier.refusal(genuine(k_claims, header)) ==
          "token_unknown: the token asks for extensions that are not known here");
  }
  for (const char* type : {R"("logout+jwt")", R"("dpop+jwt")", R"("JWE")", R"("")", "7", "null", R"(["JWT"])"}) {
    CHECK(verifier.refusal(genuine(k_claims, R"({"alg":"ES256","typ":)" + std::string(type) + "}")) ==
          "token_unknown: the token is of a type for something else");
  }
  for (const char* type : {"JWT", "jwt", "at+jwt", "application/at+JWT"}) {
    CHECK(verifier.refusal(genuine(k_claims, R"({"alg":"ES256","typ":")" + std::string(type) + "\"}")).empty());
  }
}

TEST_CASE("a header that is none is refused, though it is signed") {
  const Verifier verifier;
  for (const std::string& header :
       {std::string(), std::string("{"), std::string("[]"), std::string("\"ES256\""), std::string("null"),
        std::string(R"({"alg":"ES256","alg":"ES256"})"), std::string(R"({"alg":"none","\u0061lg":"ES256"})"),
        std::string(R"({"alg":"ES256"} )") + "x", std::string("{\"alg\":\"ES256\",\"a\":\"\xff\"}"),
        "{\"alg\":\"ES256\",\"a\":" + std::string(2'000, '[') + std::string(2'000, ']') + "}"}) {
    CAPTURE(header.substr(0, 60));
    CHECK(verifier.refusal(genuine(k_claims, header)) == k_no_jwt);
  }
  for (const char* header : {"{}", R"({"alg":7})", R"({"alg":["ES256"]})", R"({"ALG":"ES256"})", R"({"alg":"es256"})",
                             R"({"alg":"ES256 "})", R"({"alg":"ES384"})", R"({"alg":"PS256"})"}) {
    CAPTURE(header);
    CHECK(verifier.refusal(genuine(k_claims, header)).find("another algorithm than ES256") != std::string::npos);
  }
}

TEST_CASE("a text that is no token is refused, whatever it is") {
  const Verifier verifier;
  const std::string good = genuine(k_claims);
  const std::size_t first = good.find('.');
  const std::size_t second = good.rfind('.');
  for (const std::string& text : {std::string("x"),
                                  std::string(".."),
                                  std::string("..."),
                                  std::string("a.b.c"),
                                  std::string("' OR 1=1 --"),
                                  std::string(7'000, '.'),
                                  std::string(8'000, 'a'),
                                  good + "." + good,
                                  good + ".",
                                  "." + good,
                                  good + "=",
                                  good + "==",
                                  good + "A",
                                  good + " ",
                                  " " + good,
                                  good.substr(0, first),
                                  good.substr(0, second),
                                  good.substr(0, second + 1),
                                  good.substr(first),
                                  good.substr(0, first + 1) + "=" + good.substr(first + 1)}) {
    CAPTURE(text.substr(0, 60));
    CHECK(verifier.refusal(text).starts_with("token_unknown: "));
  }
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(verifier.refusal(good.substr(0, length)).empty());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    CHECK_FALSE(verifier.refusal(changed).empty());
  }
}

TEST_CASE("one token has one text: padding, the other alphabet and left over bits are refused") {
  const Verifier verifier(k_secret);
  const std::string header = R"({"alg":"HS256"})";
  const std::string good = make_hs256_jwt(k_secret, header, k_claims);
  // Of 32 bytes the last character holds four bits.
  std::string other_bits = good;
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  other_bits.back() = alphabet[alphabet.find(good.back()) + 1];
  CHECK(verifier.refusal(good).empty());
  CHECK(verifier.refusal(other_bits) == k_no_jwt);
  std::string padded_header = encode_base64url(header + " ") + "=." + encode_base64url(k_claims);
  CHECK(verifier.refusal(padded_header + "." + encode_base64url(hs256_signature(k_secret, padded_header))) == k_no_jwt);
}

TEST_CASE("a huge token is refused before anything is done with it") {
  const Verifier verifier;
  CHECK(verifier.refusal(genuine(claims(R"("pad":")" + std::string(5'000, 'x') + "\""))).empty());
  CHECK(verifier.refusal(genuine(claims(R"("pad":")" + std::string(6'100, 'x') + "\""))) == k_no_jwt);
  CHECK(verifier.refusal(std::string(1'000'000, 'a')) == k_no_jwt);
}

TEST_CASE("claims that are no object with each member once are refused, though they are signed") {
  const Verifier verifier;
  for (const std::string& payload :
       {std::string(), std::string("[]"), std::string("null"), std::string("{"), claims(R"("tether_scope":"clinic")"),
        claims(R"("\u0065xp":1)"), claims("\"a\":\"\xff\""), claims("\"a\":01"),
        claims("\"a\":" + std::string(100, '[') + std::string(100, ']'))}) {
    CAPTURE(payload);
    CHECK(verifier.refusal(genuine(payload)) ==
          "token_unknown: the token's claims are no JSON object with each member once");
  }
}

TEST_CASE("a claim that is missing, or of another kind, is named") {
  const Verifier verifier;
  const std::pair<std::string, std::string> wrong[] = {
      {R"({"exp":2000000000})", "tether_scope is missing"},
      {R"({"exp":2000000000,"tether_scope":7})", "tether_scope is no text, or empty"},
      {R"({"exp":2000000000,"tether_scope":""})", "tether_scope is no text, or empty"},
      {R"({"exp":2000000000,"tether_scope":null})", "tether_scope is no text, or empty"},
      {R"({"exp":2000000000,"tether_scope":"a\nb"})", "tether_scope must be 1 to 128 bytes"},
      {R"({"exp":2000000000,"tether_scope":")" + std::string(129, 's') + "\"}", "tether_scope must be 1 to 128 bytes"},
      {R"({"tether_scope":"school"})", "exp is missing"},
      {R"({"tether_scope":"school","exp":"2000000000"})", "exp is no time"},
      {R"({"tether_scope":"school","exp":-1})", "exp is no time"},
      {R"({"tether_scope":"school","exp":1e999})", "exp is no time"},
      {R"({"tether_scope":"school","exp":2000000000000})", "exp is no time"},  // milliseconds
      {claims(R"("nbf":"now")"), "nbf is no time"},
      {claims(R"("iat":null)"), "iat is no time"},
      {claims(R"("tether_client":7)"), "tether_client is no text"},
      {claims(R"("tether_client":"")"), "tether_client is no text, or empty"},
      {claims(R"("tether_client":"a\u0000b")"), "tether_client must be 1 to 128 bytes"},
      {claims(R"("tether_can":7)"), "tether_can is neither a text nor an array"},
      {claims(R"("tether_can":["push",7])"), "tether_can is neither a text nor an array"},
      {claims(R"("sub":7)"), "sub is no text"},
      {claims(R"("sub":")" + std::string(256, 's') + "\""), "sub is longer than 255 bytes"},
      {claims(R"("iss":")" + std::string(256, 's') + "\""), "iss is longer than 255 bytes"},
      {claims(R"("aud":7)"), "aud is neither a text nor an array"},
  };
  for (const auto& [payload, why] : wrong) {
    CAPTURE(payload);
    CHECK(verifier.refusal(genuine(payload)).starts_with("claim_invalid: the token's claim " + why));
  }
}

TEST_CASE("rights are a list or a text; what is no right of ours is left out, and nothing said is no right") {
  const Verifier verifier;
  const std::pair<std::string, std::string> cases[] = {
      {R"(["pull","push"])", "push,pull"},
      {R"("pull push")", "push,pull"},
      {R"("pull, push,metrics")", "push,pull,metrics"},
      {R"("openid push profile")", "push"},
      {R"(["push pull"])", "push,pull"},
      {R"("pushpull")", ""},
      {R"("PUSH")", ""},
      {R"("")", ""},
      {"[]", ""},
      {R"("console replay")", "console,replay"},
  };
  for (const auto& [can, rights] : cases) {
    CAPTURE(can);
    CHECK(verifier.identity(genuine(claims(R"("tether_can":)" + can))).rights == rights);
  }
  CHECK(verifier.identity(genuine(k_claims)).rights.empty());
}

TEST_CASE("issuer and audience are checked, and who is not named is not meant") {
  const Verifier any;
  CHECK(any.refusal(genuine(claims(R"("iss":"anyone")"))).empty());
  CHECK(any.refusal(genuine(claims(R"("aud":"tether")"))) == "token_unknown: the token is for another audience");
  CHECK(any.refusal(genuine(claims(R"("aud":[])"))) == "token_unknown: the token is for another audience");
  const Verifier strict(p256_signer().public_pem(), [](JwtOptions& options) {
    options.issuer = "https://id.example";
    options.audience = "tether";
  });
  const std::string issued = R"("iss":"https://id.example")";
  CHECK(strict.refusal(genuine(claims(issued + R"(,"aud":"tether")"))).empty());
  CHECK(strict.refusal(genuine(claims(issued + R"(,"aud":["wiki","tether"])"))).empty());
  for (const char* other : {R"("aud":"tether")", R"("aud":"tether","iss":"https://id.example/")",
                            R"("aud":"tether","iss":"HTTPS://ID.EXAMPLE")"}) {
    CHECK(strict.refusal(genuine(claims(other))) == "token_unknown: the token is of another issuer");
  }
  for (const char* other : {"", R"(,"aud":"wiki")", R"(,"aud":["wiki"])", R"(,"aud":[])", R"(,"aud":"tether2")"}) {
    CHECK(strict.refusal(genuine(claims(issued + other))) == "token_unknown: the token is for another audience");
  }
}

TEST_CASE("the claims have the names that the options give them") {
  const Verifier verifier(p256_signer().public_pem(), [](JwtOptions& options) {
    options.scope_claim = "https://example.org/tenant";
    options.rights_claim = "scope";
    options.client_claim = "device";
  });
  const Identity identity = verifier.identity(
      genuine(R"({"exp":2000000000,"https://example.org/tenant":"clinic","scope":"openid pull","device":"d7"})"));
  CHECK(identity.scope == Scope{"clinic"});
  CHECK(identity.rights == "pull");
  CHECK(identity.client == ClientId{"d7"});
}

TEST_CASE("every token of one holder has one name, for the rate and the log") {
  const Verifier verifier;
  CHECK(verifier.identity(genuine(claims(R"("iss":"i","sub":"ann","jti":"1")"))).id ==
        verifier.identity(genuine(claims(R"("iss":"i","sub":"ann","jti":"2","tether_client":"c")"))).id);
  CHECK(verifier.identity(genuine(claims(R"("iss":"i","tether_client":"c")"))).id == "i c");
  CHECK(verifier.identity(genuine(claims(R"("iss":"i")"))).id == "i school");
  CHECK(verifier.identity(genuine(k_claims)).id == "school");
}

TEST_CASE("clocks may be off by the leeway, and not by more") {
  const Verifier verifier;
  const Identity identity = verifier.identity(genuine(R"({"nbf":1000,"iat":990,"exp":2000,"tether_scope":"school"})"));
  CHECK(identity.is_early(939'999));
  CHECK_FALSE(identity.is_early(940'000));
  CHECK_FALSE(identity.is_expired(2'059'999));
  CHECK(identity.is_expired(2'060'000));
  const Identity from_iat = verifier.identity(genuine(R"({"iat":1000,"exp":2000,"tether_scope":"school"})"));
  CHECK(from_iat.is_early(939'999));
}
