// SPDX-License-Identifier: MIT
#include "service/gate.hpp"

#include "authority/devices.hpp"
#include "authority/tokens.hpp"
#include "service/error_reply.hpp"
#include "service/jwt.hpp"
#include "service/listen_address.hpp"
#include "service/remote_address.hpp"
#include "service/token_text.hpp"

namespace tether::service {

namespace {

/// Without authentication there is one scope, in which everyone may do everything.
Identity anyone() {
  Identity identity;
  identity.scope = Scope{"default"};
  for (const std::string_view right : k_rights) (identity.rights += identity.rights.empty() ? "" : ",") += right;
  return identity;
}

std::string_view right_for(Access access) {
  if (access == Access::push) return "push";
  if (access == Access::pull) return "pull";
  if (access == Access::metrics) return "metrics";
  return {};
}

/// RFC 6750 names an error only where a token was presented.
Reply unauthorized(const Unproven& why, const Exchange& exchange) {
  Reply reply = error_reply(401, why.code, why.message, exchange.request_id);
  reply.authenticate = R"(Bearer realm="tether")";
  if (why.code != "token_missing") reply.authenticate += R"(, error="invalid_token")";
  return reply;
}

Reply forbidden(std::string_view code, std::string_view message, const Exchange& exchange) {
  return error_reply(403, code, message, exchange.request_id);
}

}  // namespace

Gate::Gate(const Options& options, const JwtKeys* jwt_keys, StorePool& pool, Clock& clock, Random& random)
    : options_(options),
      jwt_keys_(jwt_keys),
      pool_(pool),
      clock_(clock),
      rate_(options.client_rate, std::to_string(random.next())) {}

std::optional<Reply> Gate::refuse(Access access, std::string_view authorization, Exchange& exchange) {
  if (access == Access::everyone) return std::nullopt;
  try {
    const Identified found = identify(bearer_token(authorization));
    if (const auto* unproven = std::get_if<Unproven>(&found)) return unauthorized(*unproven, exchange);
    const auto& identity = std::get<Identity>(found);
    exchange.scope = identity.scope.value;
    exchange.token = identity.id;
    exchange.token_client = identity.client;
    exchange.claims = identity.claims;
    if (auto refusal = refuse_identity(identity, access, exchange)) return refusal;
    return too_often(exchange);
  } catch (...) {
    return reply_to_fault(std::current_exception(), exchange.request_id);
  }
}

Identified Gate::identify(std::string_view token) {
  if (options_.auth == Auth::none) return anyone();
  if (token.empty()) return Unproven{"token_missing", "this server asks for a token"};
  if (options_.auth == Auth::jwt) return identify_jwt(token, *jwt_keys_, options_.jwt);
  return identify_token(token);
}

Identified Gate::identify_token(std::string_view token) {
  const auto presented = read_token_text(token);
  std::optional<authority::Token> known;
  if (presented) pool_.read([&](sql::Database& store) { known = authority::find_token(store, presented->id); });
  if (!known || !same_hash(known->secret_hash, presented->hash)) {
    return Unproven{"token_unknown", "the token is not known here"};
  }
  return Identity{.id = std::move(known->id),
                  .scope = std::move(known->scope),
                  .client = std::move(known->client),
                  .rights = std::move(known->rights),
                  .claims = std::move(known->claims),
                  .from_ms = {},
                  .until_ms = known->expires_ms,
                  .revoked = known->revoked_ms.has_value()};
}

std::optional<Reply> Gate::refuse_identity(const Identity& identity, Access access, const Exchange& exchange) {
  const std::int64_t now_ms = to_ms(clock_.now());
  if (identity.revoked) return unauthorized({"token_revoked", "the token was revoked"}, exchange);
  if (identity.is_expired(now_ms)) {
    return unauthorized({"token_expired", "the token expired at " + rfc3339_ms(from_ms(*identity.until_ms))}, exchange);
  }
  if (identity.is_early(now_ms)) {
    return unauthorized({"token_early", "the token holds from " + rfc3339_ms(from_ms(*identity.from_ms)) + " on"},
                        exchange);
  }
  const std::string_view right = right_for(access);
  if (right.empty() || authority::lists(identity.rights, right)) return std::nullopt;
  Reply reply = forbidden("right_missing", "the token may not " + std::string(right), exchange);
  reply.authenticate = R"(Bearer realm="tether", error="insufficient_scope")";
  return reply;
}

/// Without a token, programs of this machine cannot be told apart, and could do worse than ask often.
std::optional<Reply> Gate::too_often(const Exchange& exchange) {
  const std::string network = network_of(exchange.remote);
  if (exchange.token.empty() && (is_loopback(exchange.remote) || is_loopback(network))) return std::nullopt;
  const auto wait = rate_.wait(exchange.token + " " + network, exchange.started);
  if (!wait) return std::nullopt;
  Reply reply = error_reply(429, "too_many_requests",
                            "more than " + std::to_string(options_.client_rate) + " requests per second; slow down",
                            exchange.request_id);
  reply.retry_after_s = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(*wait).count());
  return reply;
}

std::optional<Reply> Gate::refuse_client(const ClientId& client, const Exchange& exchange) {
  if (auto refusal = refuse_other_client(client, exchange)) return refusal;
  bool revoked = false;
  pool_.read([&](sql::Database& store) { revoked = authority::is_revoked(store, Scope{exchange.scope}, client); });
  return revoked ? std::optional(refuse_revoked(exchange)) : std::nullopt;
}

std::optional<Reply> Gate::refuse_other_client(const ClientId& client, const Exchange& exchange) const {
  if (!exchange.token_client || *exchange.token_client == client) return std::nullopt;
  return forbidden("other_client", "the token belongs to another client", exchange);
}

Reply Gate::refuse_revoked(const Exchange& exchange) const {
  return forbidden("device_revoked", "this client was shut out; what it holds stays with it", exchange);
}

}  // namespace tether::service
