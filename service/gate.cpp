// SPDX-License-Identifier: MIT
#include "service/gate.hpp"

#include "authority/devices.hpp"
#include "service/error_reply.hpp"
#include "service/listen_address.hpp"
#include "service/remote_address.hpp"
#include "service/token_text.hpp"

namespace tether::service {

namespace {

constexpr std::string_view k_scope = "default";  // without authentication there is one scope

std::string_view right_for(Access access) {
  if (access == Access::push) return "push";
  if (access == Access::pull) return "pull";
  if (access == Access::metrics) return "metrics";
  return {};
}

/// `error` as RFC 6750 names it; empty when no token was presented at all.
Reply unauthorized(std::string_view code, std::string_view message, std::string_view error, const Exchange& exchange) {
  Reply reply = error_reply(401, code, message, exchange.request_id);
  reply.authenticate = R"(Bearer realm="tether")";
  if (!error.empty()) reply.authenticate += ", error=\"" + std::string(error) + "\"";
  return reply;
}

Reply forbidden(std::string_view code, std::string_view message, const Exchange& exchange) {
  return error_reply(403, code, message, exchange.request_id);
}

}  // namespace

Gate::Gate(const Options& options, StorePool& pool, Clock& clock, Random& random)
    : options_(options), pool_(pool), clock_(clock), rate_(options.client_rate, std::to_string(random.next())) {}

std::optional<Reply> Gate::refuse(Access access, std::string_view authorization, Exchange& exchange) {
  if (access == Access::everyone) return std::nullopt;
  try {
    if (options_.auth == Auth::none) {
      exchange.scope = k_scope;
    } else if (auto refusal = refuse_token(access, bearer_token(authorization), exchange)) {
      return refusal;
    }
    return too_often(exchange);
  } catch (...) {
    return reply_to_fault(std::current_exception(), exchange.request_id);
  }
}

std::optional<Reply> Gate::refuse_token(Access access, std::string_view token, Exchange& exchange) {
  if (token.empty()) {
    return unauthorized("token_missing", "this server asks for a token", {}, exchange);
  }
  const auto presented = read_token_text(token);
  std::optional<authority::Token> known;
  if (presented) pool_.read([&](sql::Database& store) { known = authority::find_token(store, presented->id); });
  if (!known || !same_hash(known->secret_hash, presented->hash)) {
    return unauthorized("token_unknown", "the token is not known here", "invalid_token", exchange);
  }
  exchange.token = known->id;
  exchange.token_client = known->client;
  exchange.scope = known->scope.value;
  return refuse_known(*known, access, exchange);
}

std::optional<Reply> Gate::refuse_known(const authority::Token& token, Access access, const Exchange& exchange) {
  if (token.revoked_ms) {
    return unauthorized("token_revoked", "the token was revoked", "invalid_token", exchange);
  }
  if (token.expired(to_ms(clock_.now()))) {
    return unauthorized("token_expired", "the token expired at " + rfc3339_ms(from_ms(*token.expires_ms)),
                        "invalid_token", exchange);
  }
  const std::string_view right = right_for(access);
  if (right.empty() || token.may(right)) return std::nullopt;
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
  if (exchange.token_client && *exchange.token_client != client) {
    return forbidden("other_client", "the token belongs to another client", exchange);
  }
  bool revoked = false;
  pool_.read([&](sql::Database& store) { revoked = authority::is_revoked(store, Scope{exchange.scope}, client); });
  if (!revoked) return std::nullopt;
  return forbidden("device_revoked", "this client was shut out; what it holds stays with it", exchange);
}

}  // namespace tether::service
