// SPDX-License-Identifier: MIT
// Who may pass. A request is judged by its head, before its body is read: who asks, by one of the proofs that
// identity.hpp names, and how often; then, once the body names it, the client. The store is asked each time, so that
// what is revoked ends at once at every replica. Safe from any thread; faults become replies.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "service/exchange.hpp"
#include "service/identity.hpp"
#include "service/jwt_keys.hpp"
#include "service/options.hpp"
#include "service/rate_limit.hpp"
#include "service/store_pool.hpp"

namespace tether::service {

/// What a route asks of whoever calls it.
enum class Access {
  everyone,   // machines that watch the service
  any_token,  // when tokens are asked for at all
  push,       // and with the right of that name
  pull,
  metrics,
};

class Gate {
 public:
  /// All outlive the gate. `jwt_keys`: null unless options.auth is jwt.
  Gate(const Options& options, const JwtKeys* jwt_keys, StorePool& pool, Clock& clock, Random& random);

  /// nullopt: the request may pass, and `exchange` knows its scope. `authorization` is the header as it was sent.
  std::optional<Reply> refuse(Access access, std::string_view authorization, Exchange& exchange);

  /// nullopt: this client may ask in the name of that token, and was not revoked.
  std::optional<Reply> refuse_client(const ClientId& client, const Exchange& exchange);
  /// The two halves of it, for what finds out by itself whether the client was revoked.
  std::optional<Reply> refuse_other_client(const ClientId& client, const Exchange& exchange) const;
  Reply refuse_revoked(const Exchange& exchange) const;

 private:
  Identified identify(std::string_view token);
  Identified identify_token(std::string_view token);
  std::optional<Reply> refuse_identity(const Identity& identity, Access access, const Exchange& exchange);
  std::optional<Reply> too_often(const Exchange& exchange);

  const Options& options_;
  const JwtKeys* jwt_keys_;
  StorePool& pool_;
  Clock& clock_;
  RateLimit rate_;
};

}  // namespace tether::service
