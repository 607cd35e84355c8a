// SPDX-License-Identifier: MIT
// HTTP: connections, their threads, and what every request goes through on its way to a route and back.
#pragma once

#include <memory>

#include "base/log.hpp"
#include "base/random.hpp"
#include "service/listen_address.hpp"
#include "service/options.hpp"
#include "service/routes.hpp"
#include "service/tls.hpp"

namespace tether::service {

class Server {
 public:
  /// Listens at once; throws what Listener::listen throws. All outlive the server, clock and random are safe from any
  /// thread.
  /// `identity`: null serves without encryption.
  Server(Listener listener, const Options& options, Routes& routes, Log& log, Clock& clock, Random& random,
         const TlsIdentity* identity = nullptr);
  ~Server();

  /// Where it listens.
  const ListenAddress& address() const;

  /// Serves until stop(), then finishes what is under way. Returns false when some of it had to be cut off.
  bool run();
  /// Safe from any thread, also before run().
  void stop();

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

}  // namespace tether::service
