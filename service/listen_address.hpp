// SPDX-License-Identifier: MIT
// Where the service listens: read, judged, taken and opened.
#pragma once

#include <string>
#include <string_view>

#include "service/descriptor.hpp"

namespace tether::service {

struct ListenAddress {
  std::string host;  // without brackets
  int port = 0;

  /// `127.0.0.1:8787`, `[::1]:8787`
  std::string text() const;
};

/// Reads HOST:PORT; an IPv6 host stands in brackets. Throws Error(usage).
ListenAddress parse_listen_address(std::string_view text);

/// Whether only this machine can reach it.
bool is_loopback(std::string_view host);

/// An address that this process has taken. Nobody gets in before listen(): who comes earlier is refused at once, and
/// does not wait for a service that may never start.
class Listener {
 public:
  /// Throws Error(usage) for a host that is none of this machine, Error(exists) for a port in use, Error(io) for
  /// anything else.
  explicit Listener(ListenAddress address);
  /// Throws Error(exists) when another process that took the address at the same moment listens already.
  void listen();
  /// Nobody new gets in.
  void close() { socket_.close(); }

  /// With the port that was taken, where any would do.
  const ListenAddress& address() const { return address_; }
  int socket() const { return socket_.number(); }

 private:
  ListenAddress address_;
  Descriptor socket_;
};

}  // namespace tether::service
