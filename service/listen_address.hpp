// SPDX-License-Identifier: MIT
// Where the service listens: read, judged and opened.
#pragma once

#include <string>
#include <string_view>

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

/// A listening socket. `address.port` becomes the one that was taken. Throws Error(usage) for a host that is none of
/// this machine, Error(exists) for a port in use, Error(io) for anything else.
int open_listener(ListenAddress& address);

}  // namespace tether::service
