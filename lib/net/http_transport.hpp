// SPDX-License-Identifier: MIT
// replica::Transport over HTTP(S). This room is a module that `tether` loads only when it needs the network, so that a
// local command never pays for TLS. One keep-alive connection, TCP_NODELAY, bounded times and bodies, no redirects
// followed.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "replica/transport.hpp"

namespace tether::net {

struct HttpOptions {
  std::string server;   // http://host:port[/prefix]; the prefix defaults to /tether
  std::string token;    // empty: none
  std::string ca_file;  // empty: the system's certificates
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{30'000};  // for the whole answer
  std::size_t reply_bytes_max = 32 * 1024 * 1024;
};

/// Throws Error(usage) for a URL that is none.
std::unique_ptr<replica::Transport> http_transport(const HttpOptions& options);

}  // namespace tether::net

/// The module's one symbol: http_transport behind a C name for dlsym.
extern "C" tether::replica::Transport* tether_http_transport(const tether::net::HttpOptions* options);
