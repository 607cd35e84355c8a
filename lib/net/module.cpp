// SPDX-License-Identifier: MIT
#include "net/http_transport.hpp"

tether::replica::Transport* tether_http_transport(const tether::net::HttpOptions* options) {
  return tether::net::http_transport(*options).release();
}
