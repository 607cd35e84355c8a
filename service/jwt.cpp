// SPDX-License-Identifier: MIT
#include "service/jwt.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "service/base64url.hpp"
#include "service/json_members.hpp"

namespace tether::service {

namespace {

constexpr double k_last_second = 253'402'300'799;  // of the year 9999; larger ones are milliseconds by mistake

Unproven unknown(std::string message) {
  return {"token_unknown", std::move(message)};
}

/// Of a token that is genuine: the operator, or whoever made it, can mend that.
[[noreturn]] void refuse_claim(std::string_view name, const std::string& why) {
  throw Error(ErrorCode::invalid_input, "the token's claim " + std::string(name) + " " + why);
}

struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  // the first two, as they were sent
};

std::optional<Parts> parts_of(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  if (token.size() > k_jwt_bytes_max || std::ranges::count(token, '.') != 2) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

/// A token for something else, such as a logout, may come from the same issuer (RFC 8725, 3.11).
bool is_access_type(const JsonMembers& header) {
  if (!header.contains("typ")) return true;
  std::string type = text_member(header, "typ").value_or("");
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type == "jwt" || type == "at+jwt" || type == "application/at+jwt";
}

/// nullopt: the header is sound and `key` verifies the token.
std::optional<Unproven> refuse_signature(const Parts& parts, const JwtKeys& keys) {
  const auto header_text = decode_base64url(parts.header);
  const auto header = header_text ? json_members(*header_text) : std::nullopt;
  const auto signature = decode_base64url(parts.signature);
  if (!header || !signature) return unknown("the token is no JSON Web Token");
  if (header->contains("crit")) return unknown("the token asks for extensions that are not known here");
  if (!is_access_type(*header)) return unknown("the token is of a type for something else");
  const auto id = text_member(*header, "kid");
  if (header->contains("kid") && !id) return unknown("the token's kid is no text");
  const auto key = keys.find(id);
  if (!key) return unknown("the token names no key that is known here");
  if (text_member(*header, "alg") != key->algorithm()) {
    return unknown("the token names another algorithm than " + std::string(key->algorithm()) +
                   ", which its key is for");
  }
  if (!key->verifies(parts.signed_text, *signature)) return unknown("the token is not signed with a key known here");
  return std::nullopt;
}

/// A claim of text, or nullopt where there is none.
std::optional<std::string> text_claim(const JsonMembers& claims, std::string_view name) {
  if (!claims.contains(name)) return std::nullopt;
  auto text = text_member(claims, name);
  if (!text || text->empty()) refuse_claim(name, "is no text, or empty");
  return text;
}

/// Who issued it or whom it is about.
std::string name_claim(const JsonMembers& claims, std::string_view name) {
  std::string text = text_claim(claims, name).value_or("");
  if (text.size() > k_jwt_name_bytes_max) refuse_claim(name, "is longer than 255 bytes");
  return text;
}

/// Seconds since 1970, perhaps with a fraction, as milliseconds.
std::optional<std::int64_t> time_claim(const JsonMembers& claims, std::string_view name) {
  if (!claims.contains(name)) return std::nullopt;
  const auto seconds = number_member(claims, name);
  if (!seconds || *seconds < 0 || *seconds > k_last_second) refuse_claim(name, "is no time in seconds since 1970");
  return static_cast<std::int64_t>(*seconds * 1'000);
}

/// A text or several in an array.
std::vector<std::string> texts_claim(const JsonMembers& claims, std::string_view name) {
  if (!claims.contains(name)) return {};
  if (auto text = text_member(claims, name)) return {std::move(*text)};
  auto texts = texts_member(claims, name);
  if (!texts) refuse_claim(name, "is neither a text nor an array of texts");
  return std::move(*texts);
}

std::optional<Unproven> refuse_foreign(const JsonMembers& claims, const JwtOptions& options) {
  if (!options.issuer.empty() && text_claim(claims, "iss") != options.issuer) {
    return unknown("the token is of another issuer");
  }
  // Whoever does not find itself among those that a token is for has to refuse it (RFC 7519, 4.1.3).
  const auto audience = texts_claim(claims, "aud");
  const bool is_for_us =
      options.audience.empty() ? !claims.contains("aud") : std::ranges::count(audience, options.audience) > 0;
  if (!is_for_us) return unknown("the token is for another audience");
  return std::nullopt;
}

/// Those of ours, in the order of the table; words that are rights elsewhere are left out.
std::string rights_in(const JsonMembers& claims, const std::string& name) {
  std::string words = ",";
  for (const std::string& text : texts_claim(claims, name)) words += text + ",";
  std::ranges::replace(words, ' ', ',');
  std::string rights;
  for (const std::string_view right : k_rights) {
    if (words.find("," + std::string(right) + ",") == std::string::npos) continue;
    (rights += rights.empty() ? "" : ",") += right;
  }
  return rights;
}

Scope scope_in(const JsonMembers& claims, const std::string& name) {
  const auto scope = text_claim(claims, name);
  if (!scope) refuse_claim(name, "is missing");
  if (!is_scope_name(*scope)) refuse_claim(name, "must be 1 to 128 bytes of text without control characters");
  return Scope{*scope};
}

std::optional<ClientId> client_in(const JsonMembers& claims, const std::string& name) {
  const auto client = text_claim(claims, name);
  if (!client) return std::nullopt;
  try {
    return protocol::parse_client_id(*client, name);
  } catch (const Error&) {
    refuse_claim(name, "must be 1 to 128 bytes of text without control characters");
  }
}

/// Issuer and subject; without a subject, what the token is bound to.
std::string holder_in(const JsonMembers& claims, const Identity& identity) {
  const std::string issuer = name_claim(claims, "iss");
  std::string holder = name_claim(claims, "sub");
  if (holder.empty()) holder = identity.client ? identity.client->value : identity.scope.value;
  return issuer.empty() ? holder : issuer + " " + holder;
}

/// Throws Error(invalid_input) for a claim that cannot be read.
Identity identity_in(const JsonMembers& claims, const JwtOptions& options) {
  Identity identity;
  identity.scope = scope_in(claims, options.scope_claim);
  identity.client = client_in(claims, options.client_claim);
  identity.rights = rights_in(claims, options.rights_claim);
  identity.leeway = options.leeway;
  identity.until_ms = time_claim(claims, "exp");
  // Nothing revokes a JSON Web Token: it has to end by itself.
  if (!identity.until_ms) refuse_claim("exp", "is missing");
  identity.from_ms = std::max(time_claim(claims, "nbf"), time_claim(claims, "iat"));
  identity.id = holder_in(claims, identity);
  return identity;
}

}  // namespace

Identified identify_jwt(std::string_view token, const JwtKeys& keys, const JwtOptions& options) {
  const auto parts = parts_of(token);
  if (!parts) return unknown("the token is no JSON Web Token");
  if (auto refusal = refuse_signature(*parts, keys)) return std::move(*refusal);
  const auto payload = decode_base64url(parts->payload);
  const auto claims = payload ? json_members(*payload) : std::nullopt;
  if (!claims) return unknown("the token's claims are no JSON object with each member once");
  try {
    if (auto refusal = refuse_foreign(*claims, options)) return std::move(*refusal);
    Identity identity = identity_in(*claims, options);
    identity.claims = protocol::without_white_space(*payload);
    return identity;
  } catch (const Error& error) {
    return Unproven{"claim_invalid", error.what()};
  }
}

}  // namespace tether::service
