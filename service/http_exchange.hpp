// SPDX-License-Identifier: MIT
// One request on a connection: its head is read and checked here, httplib reads the body and writes the reply, a route
// answers, and one line is logged.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "service/connection.hpp"
#include "service/options.hpp"
#include "service/routes.hpp"

namespace tether::service {

class HttpExchanges {
 public:
  /// All outlive the exchanges.
  HttpExchanges(const Options& options, Routes& routes, Log& log, Clock& clock, Random& random);
  ~HttpExchanges();

  /// False when the connection is of no further use. `last`: the service stops, say so to the client. Safe from any
  /// thread.
  bool serve_one(Connection& connection, bool last);

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

}  // namespace tether::service
