// SPDX-License-Identifier: MIT
// What is served where: requests in, replies out, without HTTP. Safe from any thread.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "authority/authority.hpp"
#include "authority/push_queue.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "service/device_book.hpp"
#include "service/exchange.hpp"
#include "service/gate.hpp"
#include "service/metrics.hpp"
#include "service/options.hpp"
#include "service/reply_budget.hpp"
#include "service/store_pool.hpp"

namespace tether::service {

class Routes {
 public:
  /// All outlive the routes. `jwt_keys`: null unless options.auth is jwt.
  Routes(const Options& options, authority::Authority& authority, StorePool& pool, DeviceBook& devices, Clock& clock,
         Random& random, const JwtKeys* jwt_keys = nullptr);

  struct Route {
    std::string path;
    std::string_view method;  // GET or POST; only a POST has a body
    Reply (Routes::*answer)(std::string&& body, Exchange& exchange);
    Access access;
  };
  /// Null: nothing is there.
  const Route* at(std::string_view path) const;
  std::span<const Route> all() const { return routes_; }

  /// What stands against a request before its body is read. Never throws: a fault becomes its reply.
  std::optional<Reply> refuse(const Route& route, std::string_view authorization, Exchange& exchange) {
    return gate_.refuse(route.access, authorization, exchange);
  }
  /// Never throws: a fault becomes its reply.
  Reply answer(const Route& route, std::string&& body, Exchange& exchange);

  /// From now on the service says that it is not ready: it stops, and what comes should go elsewhere.
  void begin_drain() { draining_ = true; }
  Metrics& counters() { return metrics_; }

 private:
  Reply push(std::string&& body, Exchange& exchange);
  Reply preview(std::string&& body, Exchange& exchange);
  Reply pull(std::string&& body, Exchange& exchange);
  Reply info(std::string&& body, Exchange& exchange);
  Reply healthz(std::string&& body, Exchange& exchange);
  Reply readyz(std::string&& body, Exchange& exchange);
  Reply metrics(std::string&& body, Exchange& exchange);
  void apply(const Scope& scope, std::span<authority::Submission* const> together);
  ReplyBudget::Loan memory_for_push(std::string_view body, const protocol::PushRequest& request);

  const Options& options_;
  authority::Authority& authority_;
  StorePool& pool_;
  DeviceBook& devices_;
  Clock& clock_;
  std::atomic<bool> draining_{false};
  authority::PushQueue pushes_;
  ReplyBudget replies_;
  Gate gate_;
  std::vector<Route> routes_;
  Metrics metrics_;
};

}  // namespace tether::service
