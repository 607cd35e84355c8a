// SPDX-License-Identifier: MIT
// Who may pass. A request is judged by its head, before its body is read: its token, and how often its sender asks;
// then, once the body names it, its client. The store is asked each time, so that what is revoked ends at once at every
// replica. Safe from any thread; faults become replies.
#pragma once

#include <optional>
#include <string_view>

#include "authority/tokens.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "service/exchange.hpp"
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

/// What a token may be given the right to do; the last two are for what later versions serve.
constexpr std::string_view k_rights[] = {"push", "pull", "metrics", "console", "replay"};

class Gate {
 public:
  /// All outlive the gate.
  Gate(const Options& options, StorePool& pool, Clock& clock, Random& random);

  /// nullopt: the request may pass, and `exchange` knows its scope. `authorization` is the header as it was sent.
  std::optional<Reply> refuse(Access access, std::string_view authorization, Exchange& exchange);

  /// nullopt: this client may ask in the name of that token, and was not revoked.
  std::optional<Reply> refuse_client(const ClientId& client, const Exchange& exchange);

 private:
  std::optional<Reply> refuse_token(Access access, std::string_view token, Exchange& exchange);
  std::optional<Reply> refuse_known(const authority::Token& token, Access access, const Exchange& exchange);
  std::optional<Reply> too_often(const Exchange& exchange);

  const Options& options_;
  StorePool& pool_;
  Clock& clock_;
  RateLimit rate_;
};

}  // namespace tether::service
